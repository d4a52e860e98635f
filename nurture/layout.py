"""Places boxes and arrows of a flow on a plane, top to bottom; refuses to know colours, fonts and file formats.

Boxes stand in rows (a box below everything that leads forward to it), the labels of arrows in rows of their own
between them, so nothing is written over anything. An arrow that leads back, to a box written earlier, runs up a lane
at the right-hand side. Lengths are pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from nurture.flow import Arrow, Box, Flow
from nurture.lettering import text_width, wrapped

TITLE, SMALL, LABEL = 14.0, 12.0, 11.5
LINE, LABEL_LINE = 18.0, 15.0
PADDING, GAP_X, GAP_Y, LANE, TRACK = 14.0, 34.0, 26.0, 16.0, 9.0
MOST_UNITS, LABEL_UNITS = 44, 26

Point = tuple[float, float]


@dataclass
class Placed:
    """Something with a place: a box, a label, or a bend of a long arrow. `x`, `y` are its middle.

    `side` orders a row: 0 the flow itself, 1 and 2 what stands at its right (leaves, ways back).
    """

    row: int
    width: float
    height: float
    order: float
    box: Box | None = None
    label: tuple[str, ...] = ()
    x: float = 0.0
    y: float = 0.0
    above: list[Placed] = field(default_factory=list)
    below: list[Placed] = field(default_factory=list)
    side: int = 0
    row_top: float = 0.0
    row_bottom: float = 0.0

    @property
    def left(self) -> float:
        return self.x - self.width / 2

    @property
    def right(self) -> float:
        return self.x + self.width / 2

    @property
    def top(self) -> float:
        return self.y - self.height / 2

    @property
    def bottom(self) -> float:
        return self.y + self.height / 2


@dataclass
class Route:
    """An arrow with its way: `curve` has vertical tangents at its points, `corners` has right angles."""

    arrow: Arrow
    stops: list[Placed]
    back: bool
    curve: list[Point] = field(default_factory=list)
    corners: list[Point] = field(default_factory=list)

    @property
    def labelled(self) -> Placed | None:
        return next((stop for stop in self.stops if stop.label), None)


@dataclass(frozen=True)
class Layout:
    """A flow with every place decided."""

    flow: Flow
    boxes: tuple[Placed, ...]
    routes: tuple[Route, ...]
    width: float
    height: float


def lay_out(flow: Flow) -> Layout:
    """Decide every place; the same flow always gives the same picture."""
    order = {box.id: place for place, box in enumerate(flow.boxes)}
    order |= {box.id: 10_000 + place for place, box in enumerate(flow.boxes) if box.id.startswith("finish:")}
    order |= {"anywhere": -1}
    backward = {arrow for arrow in flow.arrows if order[arrow.target] <= order[arrow.source]}
    rows = _rows(flow, backward, order)
    placed = {box.id: _placed(box, rows[box.id], order[box.id]) for box in flow.boxes}
    routes = [_route(arrow, placed, back=arrow in backward) for arrow in flow.arrows]
    by_row = _by_row(placed, routes)
    _untangle(by_row)
    _spread(by_row)
    tracks = _heights(by_row, routes)
    _draw_forward(routes)
    width = _draw_backward(routes, by_row, tracks)
    moved = _move_to_origin(by_row, routes)
    bottom = max(item.bottom for row in by_row.values() for item in row)
    return Layout(flow, tuple(placed.values()), tuple(routes), width - moved + GAP_X, bottom + GAP_Y)


def _rows(flow: Flow, backward: set[Arrow], order: dict[str, int]) -> dict[str, int]:
    """Even rows for boxes: below the lowest of what leads there; what only `anywhere` leads to, below its elders."""
    rows: dict[str, int] = {}
    elder = 0
    forward = [arrow for arrow in flow.arrows if arrow not in backward and arrow.source != "anywhere"]
    for box in sorted(flow.boxes, key=lambda box: order[box.id]):
        if box.id == "anywhere":
            continue
        sources = [rows[arrow.source] for arrow in forward if arrow.target == box.id]
        alone = box.id == "start" or box.id.startswith("finish:")
        rows[box.id] = max(sources) + 2 if sources else (0 if alone else elder + 2)
        elder = max(elder, rows[box.id]) if not box.id.startswith("finish:") else elder
    targets = [arrow for arrow in flow.arrows if arrow.source == "anywhere"]
    if targets:
        steps = [rows[arrow.target] for arrow in targets if arrow.target.startswith("step:")]
        rows["anywhere"] = max(0, min(steps) - 2) if steps else 0
        for arrow in targets:
            if arrow.target.startswith("finish:"):
                rows[arrow.target] = max(rows[arrow.target], rows["anywhere"] + 2)
            elif rows[arrow.target] <= rows["anywhere"]:
                return _pushed_down(rows, by=2)
    return rows


def _pushed_down(rows: dict[str, int], *, by: int) -> dict[str, int]:
    """Room above everything for `anywhere`."""
    return {name: row if name == "anywhere" else row + by for name, row in rows.items()}


def _placed(box: Box, row: int, order: float) -> Placed:
    lines = box_lines(box)
    icon = 46 if box.kind in ("send", "wait", "act") else 0
    width = 26 + max(text_width(box.title, TITLE) + icon, *(text_width(line, SMALL) for line in (*lines, "")))
    height = PADDING + 20 + LINE * len(lines) + (8 if lines else 2)
    if box.kind in ("handoff", "start", "anywhere", "finish"):
        width += 22
    return Placed(row=row, width=max(width, 96.0), height=height, order=order, box=box)


def box_lines(box: Box) -> tuple[str, ...]:
    """What stands under the title of a box, wrapped."""
    lines = tuple(part for line in box.lines for part in wrapped(line, MOST_UNITS))
    return (*lines, box.figures) if box.figures else lines


def _route(arrow: Arrow, placed: dict[str, Placed], *, back: bool) -> Route:
    source, target = placed[arrow.source], placed[arrow.target]
    label = wrapped(arrow.label, LABEL_UNITS) if arrow.label else ()
    label += (arrow.figures,) if arrow.figures else ()
    width = max((text_width(line, LABEL) for line in label), default=0.0) + (12 if label else 6)
    named = Placed(source.row + 1, width, LABEL_LINE * max(1, len(label)) + 4, source.order, None, label)
    if back:
        named.side = 2
        _join(source, named)
        return Route(arrow, [source, named, target], back=True)
    if arrow.kind == "leave":
        named.side = 1
        target.side = 1 if target.row == source.row + 2 else 0
    bends = [Placed(row, 6.0, 1.0, source.order) for row in range(source.row + 2, target.row)]
    stops = [source, named, *bends, target]
    for upper, lower in pairwise(stops):
        _join(upper, lower)
    return Route(arrow, stops, back=False)


def _join(upper: Placed, lower: Placed) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _by_row(placed: dict[str, Placed], routes: list[Route]) -> dict[int, list[Placed]]:
    rows: dict[int, list[Placed]] = {}
    inner = [stop for route in routes for stop in route.stops if stop.box is None]
    for item in (*placed.values(), *inner):
        rows.setdefault(item.row, []).append(item)
    return dict(sorted(rows.items()))


def _untangle(rows: dict[int, list[Placed]]) -> None:
    """Order each row by the middle of its neighbours, down and up, keeping the ordering with the fewest crossings."""
    for row in rows.values():
        row.sort(key=_side)
    best, fewest = _ordering(rows), _crossings(rows)
    for sweep in range(12):
        downwards = sweep % 2 == 0
        numbers = list(rows) if downwards else list(reversed(rows))
        place = {id(item): index for row in rows.values() for index, item in enumerate(row)}
        for number in numbers:
            row = rows[number]
            keys = {}
            for item in row:
                neighbours = item.above if downwards else item.below
                keys[id(item)] = (_side(item), _middle(neighbours, place, place[id(item)]))
            row.sort(key=lambda item, keys=keys: keys[id(item)])  # type: ignore[misc]
            place |= {id(item): index for index, item in enumerate(row)}
        crossings = _crossings(rows)
        if crossings < fewest:
            best, fewest = _ordering(rows), crossings
    for number, row in best.items():
        rows[number][:] = row


def _side(item: Placed) -> int:
    return 1 if item.box is not None and item.box.kind == "anywhere" else item.side


def _middle(neighbours: list[Placed], place: dict[int, int], default: float) -> float:
    return sum(place[id(item)] for item in neighbours) / len(neighbours) if neighbours else default


def _ordering(rows: dict[int, list[Placed]]) -> dict[int, list[Placed]]:
    return {number: list(row) for number, row in rows.items()}


def _crossings(rows: dict[int, list[Placed]]) -> int:
    place = {id(item): index for row in rows.values() for index, item in enumerate(row)}
    total = 0
    for row in rows.values():
        ends = [(place[id(item)], place[id(lower)]) for item in row for lower in item.below]
        total += sum(1 for a in ends for b in ends if a[0] < b[0] and a[1] > b[1])
    return total


def _spread(rows: dict[int, list[Placed]]) -> None:
    """Move every item towards the middle of its neighbours without overtaking or touching the next one."""
    for row in rows.values():
        x = 0.0
        for item in row:
            item.x = x + item.width / 2
            x += item.width + _apart(item)
        for item in row:
            item.x -= (x - GAP_X) / 2
    for sweep in range(60):
        numbers = list(rows) if sweep % 2 == 0 else list(reversed(rows))
        for number in numbers:
            _settle(rows[number], [_wish(item) for item in rows[number]])


def _apart(item: Placed) -> float:
    return GAP_X if item.box is not None else GAP_X * 0.6


def _wish(item: Placed) -> tuple[float, float]:
    """Where an item would like to be, and how much: steps stand on the middle line, long arrows run straight."""
    if item.box is not None and item.box.kind in ("send", "wait", "act", "handoff", "start"):
        return 0.0, 20.0
    bends = [other.x for other in item.above + item.below if other.box is None]
    if item.box is None and bends:
        return sum(bends) / len(bends), 4.0
    near = item.above[:1] if item.side == 2 else item.above + item.below
    return (sum(other.x for other in near) / len(near), 1.0) if near else (item.x, 1.0)


def _settle(row: list[Placed], wishes: list[tuple[float, float]]) -> None:
    """Places nearest to the wishes in the given order (pool adjacent violators, then read off)."""
    offsets, total = [], 0.0
    for item, following in zip(row, [*row[1:], None], strict=True):
        offsets.append(total)
        if following is not None:
            total += (item.width + following.width) / 2 + min(_apart(item), _apart(following))
    blocks: list[tuple[float, float, int]] = []
    for (wish, weight), offset in zip(wishes, offsets, strict=True):
        mean, heavy, count = wish - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            before, weighing, number = blocks.pop()
            mean = (mean * heavy + before * weighing) / (heavy + weighing)
            heavy, count = heavy + weighing, count + number
        blocks.append((mean, heavy, count))
    flat = [mean for mean, _, count in blocks for _ in range(count)]
    for item, start, offset in zip(row, flat, offsets, strict=True):
        item.x = round(start + offset, 2)


def _heights(rows: dict[int, list[Placed]], routes: list[Route]) -> dict[int, float]:
    """Decide y of every row. Returns, per row of boxes, the height of the first free track above it."""
    leaving: dict[int, int] = {}
    arriving: dict[int, int] = {}
    for route in routes:
        if route.back:
            leaving[route.stops[1].row] = leaving.get(route.stops[1].row, 0) + 1
            target = route.stops[-1]
            if rows[target.row][-1] is not target:
                arriving[target.row] = arriving.get(target.row, 0) + 1
    y, tracks = GAP_Y, {}
    for number, row in rows.items():
        if number in arriving:
            tracks[number] = y
            y += TRACK * arriving[number]
        height = max(item.height for item in row)
        for item in row:
            item.y = y + height / 2
            item.row_top, item.row_bottom = y, y + height
        y += height + (TRACK * leaving[number] if number in leaving else 0) + GAP_Y
    return tracks


def _ports(item: Placed, others: list[Placed]) -> dict[int, float]:
    """An x on the side of a box for each neighbour, in their order, so arrows do not meet at one point."""
    ordered = sorted(range(len(others)), key=lambda index: others[index].x)
    span = min(item.width * 0.6, 26.0 * (len(others) - 1))
    step = span / (len(others) - 1) if len(others) > 1 else 0.0
    return {id(others[index]): item.x - span / 2 + step * place for place, index in enumerate(ordered)}


def _draw_forward(routes: list[Route]) -> None:
    for route in routes:
        source, target = route.stops[0], route.stops[-1]
        start = _ports(source, source.below)[id(route.stops[1])]
        route.curve = [(start, source.bottom), (start, source.row_bottom)]
        if route.back:
            label = route.stops[1]
            route.curve += [(label.x, label.row_top), (label.x, label.bottom)]
            continue
        end = _ports(target, target.above)[id(route.stops[-2])]
        for stop in route.stops[1:-1]:
            route.curve += [(stop.x, stop.row_top), (stop.x, stop.row_bottom)]
        route.curve += [(end, target.row_top), (end, target.top)]


def _draw_backward(routes: list[Route], rows: dict[int, list[Placed]], tracks: dict[int, float]) -> float:
    """Run every way back up a lane of its own, short ones inside. Returns the right-hand end of the picture."""
    ways = sorted((route for route in routes if route.back), key=lambda route: route.stops[0].row - route.stops[-1].row)
    right = max(item.right for row in rows.values() for item in row)
    taken: list[tuple[int, int, float]] = []
    used: dict[int, int] = {}
    ports = _side_ports(ways, rows)
    for route in ways:
        label, target = route.stops[1:]
        top, low = target.row - 1, label.row
        reach = max((item.right for number in range(top, low + 1) for item in rows.get(number, ())), default=right)
        lane = max([reach, *(x for first, last, x in taken if first <= low and top <= last)]) + LANE
        taken.append((top, low, lane))
        right = max(right, lane)
        track = label.row_bottom + TRACK * (used.get(label.row, 0) + 0.8)
        used[label.row] = used.get(label.row, 0) + 1
        route.corners = [(label.x, label.bottom), (label.x, track), (lane, track)]
        if id(route) in ports:
            y = ports[id(route)]
            route.corners += [(lane, y), (target.right, y)]
        else:
            y = tracks[target.row] + TRACK * 0.4
            tracks[target.row] += TRACK
            port = target.x + target.width * 0.3
            route.corners += [(lane, y), (port, y), (port, target.top)]
    return right


def _side_ports(ways: list[Route], rows: dict[int, list[Placed]]) -> dict[int, float]:
    """For ways back to the last box of a row: the y at which each enters its right-hand side, inner lanes lowest."""
    arriving: dict[int, list[Route]] = {}
    for route in ways:
        target = route.stops[-1]
        if rows[target.row][-1] is target:
            arriving.setdefault(id(target), []).append(route)
    ports = {}
    for together in arriving.values():
        target = together[0].stops[-1]
        step = min(TRACK * 1.4, (target.height - 16) / max(1, len(together)))
        for place, route in enumerate(together):
            ports[id(route)] = target.y + step * ((len(together) - 1) / 2 - place)
    return ports


def _move_to_origin(rows: dict[int, list[Placed]], routes: list[Route]) -> float:
    """Shift everything so that it begins at the margin; returns by how much."""
    left = min(item.left for row in rows.values() for item in row) - GAP_X
    for row in rows.values():
        for item in row:
            item.x -= left
    for route in routes:
        route.curve = [(x - left, y) for x, y in route.curve]
        route.corners = [(x - left, y) for x, y in route.corners]
    return left
