"""Finds steps that no lead reaches, and cycles a lead would walk for ever or without time passing.

Two graphs are looked at, and each must be free of cycles:

- *used up*: every step with `max_visits` keeps its `when_exhausted` edge only, every other step keeps all its edges. A
  walk that never ends must, from some moment on, go round in this graph, since each counted visit is used up sooner or
  later. So if it has no cycle, every walk ends.
- *at once*: the edges that may be taken without time passing. `skip`, `when_refused` and `when_exhausted` always are;
  `then` is where the step has no wait of positive length and hands nobody over. A deadline `by` a date may be past, so
  it is no wait of positive length.

`anywhere` and `on_hot` count in neither: each needs a new event.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping

from nurture.checks.findings import At, Findings
from nurture.definitions import IGNORE, Scenario, Step

Graph = Mapping[str, tuple[str, ...]]


def check_cycles(found: Findings) -> None:
    """The step graph of every scenario."""
    for name, scenario in found.folder.definitions.scenarios.items():
        _Graphs(found, scenario, found.folder.scenario_files[name]).check()


class _Graphs:
    """The step graph of one scenario; a step that could not be read is taken to lead wherever its text names a step."""

    def __init__(self, found: Findings, scenario: Scenario, file: str) -> None:
        self.found = found
        self.scenario = scenario
        self.file = file
        self.source = found.folder.sources[file]
        self.steps = found.folder.steps(scenario)

    def check(self) -> None:
        self._unreachable()
        sound = {name: step for name, step in self.scenario.steps.items() if self.source.sound(("steps", name))}
        used_up = {name: self._known(_used_up(step)) for name, step in sound.items()}
        for cycle in _cycles(used_up):
            self._unbounded(cycle)
        at_once = {name: self._known(_at_once(step)) for name, step in sound.items()}
        for cycle in _cycles(at_once):
            dated = any(step.by is not None for step in (sound[name] for name in cycle))
            note = " (a date of `by` may be past, which ends the wait at once)" if dated else ""
            message = f"{_round(cycle)} goes round without time passing: put a `wait` into it{note}"
            self.found.error(self._step(cycle[0]), message, "zero-time-cycle")

    def _unbounded(self, cycle: tuple[str, ...]) -> None:
        spent = [name for name in cycle if self.scenario.steps[name].max_visits is not None]
        if spent:
            listed = " and ".join(repr(name) for name in spent)
            message = (
                f"{_round(cycle)} goes round for ever once {listed} {'is' if len(spent) == 1 else 'are'} used up: "
                "let `when_exhausted` lead out of the cycle, or bound the other steps too"
            )
        else:
            message = f"{_round(cycle)} may go round for ever: give one of its steps `max_visits` and `when_exhausted`"
        self.found.error(self._step(cycle[0]), message, "unbounded-cycle")

    def _step(self, name: str) -> At:
        return At(self.file).key("steps", name)

    def _known(self, targets: Iterator[str]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(target for target in targets if target in self.scenario.steps))

    def _unreachable(self) -> None:
        scenario = self.scenario
        first = [scenario.start, *(jump.go for jump in scenario.anywhere)]
        if scenario.on_hot is not None and scenario.on_hot != IGNORE:
            first.append(scenario.on_hot)
        if scenario.start not in self.steps or any(
            hurt[0] in ("anywhere", "on_hot", "start") for hurt in self.source.damaged
        ):
            return  # where the scenario begins is wrong already; what follows from it says nothing
        reached: set[str] = set()
        ahead = deque(first)
        while ahead:
            name = ahead.popleft()
            if name in reached or name not in self.steps:
                continue
            reached.add(name)
            step = scenario.steps.get(name)
            if step is None or not self.source.sound(("steps", name)):
                ahead.extend(_texts(self.source.data["steps"].get(name)))
            else:
                ahead.extend(_all_edges(step))
        for name in scenario.steps:
            if name not in reached:
                message = f"no lead reaches the step {name!r}: no edge, `anywhere` or `on_hot` leads to it"
                self.found.error(self._step(name), message, "unreachable-step")


def _texts(data: object) -> Iterator[str]:
    """Every text in some data: among them the steps it may lead to."""
    match data:
        case str():
            yield data
        case dict():
            for key, value in data.items():
                yield key
                yield from _texts(value)
        case list():
            for value in data:
                yield from _texts(value)


# --- edges ----------------------------------------------------------------------------------------------------------


def _reactions(step: Step) -> Iterator[str]:
    for edge in step.edges:
        yield from (target for target in (edge.go, edge.otherwise) if target is not None)
        yield from edge.split or ()


def _besides(step: Step) -> Iterator[str]:
    """The edges that pass no wait but count as a visit."""
    if step.skip is not None:
        yield step.skip.go
    if step.when_refused is not None and step.send is not None:
        yield step.when_refused


def _all_edges(step: Step) -> Iterator[str]:
    yield from _reactions(step)
    yield from _besides(step)
    if step.when_exhausted is not None:
        yield step.when_exhausted


def _used_up(step: Step) -> Iterator[str]:
    if step.max_visits is not None:
        if step.when_exhausted is not None:
            yield step.when_exhausted
    elif step.finish is None:
        yield from _all_edges(step)


def _at_once(step: Step) -> Iterator[str]:
    if step.finish is not None:
        return
    if not takes_time(step):
        yield from _reactions(step)
    yield from _besides(step)
    if step.when_exhausted is not None:
        yield step.when_exhausted


def takes_time(step: Step) -> bool:
    """True if a lead that acts at this step cannot leave it at the same instant by a timeout."""
    return step.handoff is not None or (step.timeout is not None and step.timeout.positive)


# --- cycles ---------------------------------------------------------------------------------------------------------


def _cycles(graph: Graph) -> Iterator[tuple[str, ...]]:
    """Cycles that together show every knot: for each step in the order written that is on one, the shortest through it.

    A step that was reported is taken out, so two cycles that share their first step are told one after the other.
    """
    left = dict(graph)
    for name in graph:
        if cycle := _shortest(left, name):
            yield cycle
            del left[name]


def _shortest(graph: Graph, start: str) -> tuple[str, ...] | None:
    before: dict[str, str] = {}
    ahead = deque([start])
    while ahead:
        name = ahead.popleft()
        for target in graph.get(name, ()):
            if target == start:
                path = [name]
                while path[-1] != start:
                    path.append(before[path[-1]])
                return tuple(reversed(path))
            if target in graph and target not in before:
                before[target] = name
                ahead.append(target)
    return None


def _round(cycle: tuple[str, ...]) -> str:
    return " → ".join((*cycle, cycle[0]))
