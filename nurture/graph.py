"""Draws a scenario: as Mermaid text and as one SVG picture; refuses to know how the steps are walked."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from itertools import pairwise

from nurture.definitions import Scenario
from nurture.flow import Box, Flow, read_flow
from nurture.layout import LABEL, LABEL_LINE, LINE, PADDING, SMALL, TITLE, Placed, Point, Route, box_lines, lay_out

_SHAPES = {
    "start": '(["{}"])', "anywhere": '[/"{}"/]', "send": '["{}"]', "wait": '("{}")', "act": '[["{}"]]',
    "handoff": '{{{{"{}"}}}}', "finish": '(["{}"])',
}  # fmt: skip
_DASHED = ("anywhere", "leave", "hot", "skip", "refused")


def mermaid(scenario: Scenario) -> str:
    """The scenario as a Mermaid flowchart, one line per box and arrow, ending with a line feed."""
    flow = read_flow(scenario)
    ids = {box.id: f"n{number}" for number, box in enumerate(flow.boxes)}
    lines = [f"%% {flow.name}: {flow.title}", "flowchart TD"]
    lines += [f"  {ids[box.id]}{_SHAPES[box.kind].format(_mermaid_box(box))}" for box in flow.boxes]
    for arrow in flow.arrows:
        line = "-.->" if arrow.kind in _DASHED else "-->"
        label = f'|"{_mermaid_text(arrow.label)}"|' if arrow.label else ""
        lines.append(f"  {ids[arrow.source]} {line}{label} {ids[arrow.target]}")
    for kind in ("handoff", "finish", "anywhere"):
        members = [ids[box.id] for box in flow.boxes if box.kind == kind]
        if members:
            lines.append(f"  class {','.join(members)} {kind}")
    lines += [
        "  classDef handoff stroke:#c2410c,stroke-width:3px",
        "  classDef finish stroke:#64748b,stroke-width:2px",
        "  classDef anywhere stroke-dasharray:4 3",
    ]
    return "\n".join(lines) + "\n"


def _mermaid_box(box: Box) -> str:
    return "<br/>".join(_mermaid_text(line) for line in (box.title, *box.lines))


def _mermaid_text(text: str) -> str:
    for sign, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, code)
    return text


_CSS = """
svg{--paper:#fff;--ink:#1e293b;--soft:#64748b;--line:#94a3b8;--box:#f8fafc;--edge:#cbd5e1;--mail:#2563eb;
--sales:#c2410c;--salesbox:#fff7ed;--end:#475569;--endbox:#e2e8f0;--start:#15803d;--startbox:#f0fdf4;
--back:#7c3aed;--skip:#0e7490}
@media (prefers-color-scheme:dark){svg{--paper:#0f172a;--ink:#e2e8f0;--soft:#94a3b8;--line:#64748b;
--box:#1e293b;--edge:#475569;--mail:#60a5fa;--sales:#fb923c;--salesbox:#431407;--end:#cbd5e1;--endbox:#334155;
--start:#4ade80;--startbox:#052e16;--back:#a78bfa;--skip:#22d3ee}}
text{font-family:"Noto Sans JP","Noto Sans CJK JP","Hiragino Sans","Yu Gothic",system-ui,sans-serif;
fill:var(--ink)}
.t{font-weight:600}
.s{fill:var(--soft)}
.p{fill:var(--paper)}
.b{fill:var(--box);stroke:var(--edge);stroke-width:1.2}
.send .m{fill:var(--mail)}
.wait .m,.act .m{fill:var(--soft)}
.handoff .b{fill:var(--salesbox);stroke:var(--sales);stroke-width:2}
.finish .b{fill:var(--endbox);stroke:var(--end)}
.start .b{fill:var(--startbox);stroke:var(--start);stroke-width:1.6}
.anywhere .b{stroke:var(--sales);stroke-dasharray:5 4}
.icon{fill:none;stroke:var(--mail);stroke-width:1.4;stroke-linejoin:round}
.wait .icon,.act .icon{stroke:var(--soft)}
.e{fill:none;stroke:var(--line);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.e.back{stroke:var(--back)}
.e.dashed{stroke-dasharray:5 4}
.e.leave{stroke:var(--end)}
.e.hot,.e.anywhere{stroke:var(--sales)}
.e.skip{stroke:var(--skip)}
.h{fill:var(--line)}
.h.back{fill:var(--back)}
.h.hot,.h.anywhere{fill:var(--sales)}
.h.leave{fill:var(--end)}
.h.skip{fill:var(--skip)}
.l{fill:var(--paper)}
.f{fill:var(--start)}
.n{font-weight:600;font-variant-numeric:tabular-nums}
a:focus-visible .b,a:hover .b{stroke:var(--mail);stroke-width:2.5}
"""


def svg(flow: Flow, links: Mapping[str, str] | None = None, *, within: str = "") -> str:
    """The flow as one self-contained SVG (about screen size, light and dark), ending with a line feed.

    `links`: by the id of a box, where a click on it leads. `within`: the CSS selector of what stands around it in a
    page, of which its style then changes nothing else.
    """
    layout = lay_out(flow)
    width, height = round(layout.width), round(layout.height + 34)
    role = "group" if links else "img"  # what is inside of an image is not read out
    spoken = f'role="{role}" lang="{flow.language}" aria-labelledby="title desc"'
    style = "".join(_CSS.splitlines())
    size = f'width="{width}" height="{height}" viewBox="0 -34 {width} {height}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {spoken}>',
        f'<title id="title">{escape(flow.title)}</title>',
        f'<desc id="desc">{escape(_description(flow))}</desc>',
        f"<style>{within}{{{style}}}</style>" if within else f"<style>{style}</style>",
        f'<rect class="p" x="0" y="-34" width="{width}" height="{height}"/>',
        f'<text class="t" x="24" y="-8" font-size="16">{escape(flow.title)}</text>',
    ]
    parts += [_arrow(route) for route in layout.routes]
    parts += [_label(route) for route in layout.routes if route.labelled is not None]
    for placed in layout.boxes:
        target = (links or {}).get(placed.box.id) if placed.box is not None else None
        parts.append(_box(placed) if target is None else f'<a href="{escape(target)}">{_box(placed)}</a>')
    parts.append("</svg>")
    return "\n".join(parts) + "\n"


def _description(flow: Flow) -> str:
    titles = {box.id: box.title for box in flow.boxes}
    ways = []
    for arrow in flow.arrows:
        label = f" ({arrow.label})" if arrow.label else ""
        ways.append(f"{titles[arrow.source]} → {titles[arrow.target]}{label}")
    return f"{flow.name}: {'; '.join(ways)}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _at(point: Point) -> str:
    return f"{_number(point[0])} {_number(point[1])}"


def _arrow(route: Route) -> str:
    kind = "back" if route.back else route.arrow.kind
    dashed = " dashed" if route.arrow.kind in _DASHED else ""
    line = _curve(route.curve) + (_rounded(route.corners) if route.corners else "")
    way = route.corners or route.curve
    (x0, y0), (x, y) = way[-2], way[-1]
    if not route.corners or y > y0:
        head = f"M{_at((x, y))}l-4.5 -8.5h9z"
    else:
        head = f"M{_at((x, y))}l8.5 -4.5v9z" if x < x0 else f"M{_at((x, y))}l-8.5 -4.5v9z"
    return f'<path class="e {kind}{dashed}" d="{line}"/><path class="h {kind}" d="{head}"/>'


def _curve(points: list[Point]) -> str:
    path = f"M{_at(points[0])}"
    for (x0, y0), (x1, y1) in pairwise(points):
        if abs(x0 - x1) < 0.5:
            path += f"L{_at((x1, y1))}"
        else:
            bend = (y1 - y0) * 0.55
            path += f"C{_at((x0, y0 + bend))} {_at((x1, y1 - bend))} {_at((x1, y1))}"
    return path


def _rounded(points: list[Point], radius: float = 7.0) -> str:
    """A way with right angles, its corners rounded."""
    path = f"M{_at(points[0])}"
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        enter, leave = _towards(corner, before, radius), _towards(corner, after, radius)
        path += f"L{_at(enter)}Q{_at(corner)} {_at(leave)}"
    return path + f"L{_at(points[-1])}"


def _towards(corner: Point, other: Point, radius: float) -> Point:
    dx, dy = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(dx), abs(dy)) or 1.0
    share = min(radius, length / 2) / length
    return (corner[0] + dx * share, corner[1] + dy * share)


def _label(route: Route) -> str:
    placed = route.labelled
    if placed is None:
        return ""
    lines = [_rectangle("l", (placed.left, placed.top), placed.width, placed.height, radius=3)]
    for number, text in enumerate(placed.label):
        style = "n" if text == route.arrow.figures else "s"
        lines.append(_text(style, placed.x, placed.top + LABEL_LINE * (number + 0.82) + 1, LABEL, text))
    return "".join(lines)


def _text(style: str, x: float, y: float, size: float, text: str) -> str:
    place = f'x="{_number(x)}" y="{_number(y)}" font-size="{size:g}"'
    return f'<text class="{style}" {place} text-anchor="middle">{escape(text)}</text>'


def _rectangle(style: str, corner: Point, width: float, height: float, *, radius: float) -> str:
    place = f'x="{_number(corner[0])}" y="{_number(corner[1])}" width="{_number(width)}" height="{_number(height)}"'
    return f'<rect class="{style}" {place} rx="{_number(radius)}"/>'


def _box(placed: Placed) -> str:
    box = placed.box
    if box is None:
        return ""
    x, y, width, height = placed.left, placed.top, placed.width, placed.height
    parts = [f'<g class="{box.kind}">', _outline(box.kind, x, y, width, height)]
    if box.kind in ("send", "wait", "act"):
        parts.append(_rectangle("m", (x, y + 8), 3.5, height - 16, radius=1.5))
        parts.append(_icon(box.kind, x + width - 24, y + 9))
    baseline = y + PADDING + 9
    parts.append(_text("t", placed.x, baseline, TITLE, box.title))
    for number, line in enumerate(box_lines(box)):
        style = "n" if line == box.figures else "f" if box.phase is not None and line == box.lines[-1] else "s"
        parts.append(_text(style, placed.x, baseline + 4 + LINE * (number + 1), SMALL, line))
    return "".join((*parts, "</g>"))


def _outline(kind: str, x: float, y: float, width: float, height: float) -> str:
    if kind == "handoff":
        cut = 14.0
        points = [(x + cut, y), (x + width - cut, y), (x + width, y + height / 2), (x + width - cut, y + height),
                  (x + cut, y + height), (x, y + height / 2)]  # fmt: skip
        return f'<polygon class="b" points="{" ".join(f"{_number(a)},{_number(b)}" for a, b in points)}"/>'
    radius = height / 2 if kind in ("start", "finish", "anywhere") else (16 if kind == "wait" else 7)
    return _rectangle("b", (x, y), width, height, radius=min(radius, 26))


def _icon(kind: str, x: float, y: float) -> str:
    at = f'class="icon" transform="translate({_number(x)} {_number(y)})"'
    if kind == "send":
        return f'<path {at} d="M0 1h15v10.5H0zM0 1.5l7.5 6 7.5-6"/>'
    if kind == "wait":
        return f'<path {at} d="M7 0a6.5 6.5 0 1 0 .01 0zM7 3v4l3 1.6"/>'
    return f'<path {at} d="M1 6.5l4 4 8-9"/>'
