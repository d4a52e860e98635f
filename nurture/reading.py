"""Turns one YAML file into its model and every problem of its form; what names in it mean, the checks know.

A file with mistakes is mended as far as it goes (a mistyped key takes its likely meaning, a refused value is left out)
so that the checks still find everything else in the same run. A mended model is never deployed.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from nurture.definitions import (
    Attribute,
    EventType,
    Form,
    HotLead,
    JourneyMap,
    Name,
    Sales,
    Scenario,
    Score,
    Segment,
    Sender,
)
from nurture.errors import Problem
from nurture.refusals import Refusal, refusals
from nurture.yaml_text import Document, Node, Path, read_yaml

SCENARIO = "scenario"
FILES: dict[str, Any] = {
    "attributes": dict[Name, Attribute],
    "events": dict[Name, EventType],
    "segments": dict[Name, Segment],
    "journey_map": JourneyMap,
    "score": Score,
    "hot_lead": HotLead,
    "forms": dict[Name, Form],
    "sender": Sender,
    "sales": Sales,
}
"""The files with a fixed name, and what is in them; every other YAML file is a scenario."""

_MODELS: dict[str, Any] = {SCENARIO: Scenario, **FILES}
_MAY_BE_EMPTY = frozenset({"attributes", "events", "segments", "score", "forms"})
_ROUNDS = 8
_STAND_IN = {"did": "any"}
"""A condition without a name in it: stands where one was refused, so that no further problem follows from it."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file as read: its model (None: nothing could be read), the data as written, places, and what was left out."""

    file: str
    kind: str
    model: Any
    data: Any
    root: Node
    problems: tuple[Problem, ...] = ()
    damaged: frozenset[Path] = frozenset()

    def sound(self, path: Path) -> bool:
        """True if nothing at, in or around `path` was left out."""
        return not any(hurt[: len(path)] == path or path[: len(hurt)] == hurt for hurt in self.damaged)

    def values(self, path: str, key: str) -> frozenset[str]:
        """The texts under `key` in every mapping of a list as written, readable or not."""
        listed = self.data.get(path) if isinstance(self.data, dict) else None
        found = [item.get(key) for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
        return frozenset(value for value in found if isinstance(value, str))

    def names(self, *path: str) -> frozenset[str]:
        """The keys of a mapping as written, readable or not."""
        found = self.data
        for part in path:
            found = found.get(part) if isinstance(found, dict) else None
        return frozenset(found) if isinstance(found, dict) else frozenset()


@cache
def adapter(kind: str) -> TypeAdapter[Any]:
    """What reads the data of one kind of file."""
    return TypeAdapter(_MODELS[kind])


@lru_cache(maxsize=512)
def read_source(kind: str, file: str, text: str) -> Source:
    """Read one file. Equal text is read once per process; the result is never changed."""
    document = read_yaml(text, file=file)
    if not document.readable:
        return Source(file, kind, None, None, document.root, document.problems)
    if document.data is None:
        if kind in _MAY_BE_EMPTY:
            return Source(file, kind, adapter(kind).validate_python({}), {}, document.root, document.problems)
        empty = Problem(file, 1, 1, "the file is empty", "empty")
        return Source(file, kind, None, None, document.root, (*document.problems, empty))
    mending = _Mending(document, adapter(kind), _MODELS[kind], kind, file)
    model, root = mending.read()
    problems = (*document.problems, *mending.found.values())
    return Source(file, kind, model, document.data, root, problems, frozenset(mending.damaged))


def mend(document: Document, model: Any, file: str) -> tuple[Any, tuple[Problem, ...]]:
    """Read a document with any model: what could be read (None: nothing), and every problem."""
    if not document.readable:
        return None, document.problems
    data = {} if document.data is None else document.data
    whole = Document(data, document.root, document.problems)
    mending = _Mending(whole, TypeAdapter(model), model, "", file)
    read, _ = mending.read()
    return read, (*document.problems, *mending.found.values())


@dataclass(slots=True)
class _Mending:
    """Reads data with a model; after a refusal leaves the refused out and reads again."""

    document: Document
    adapter: TypeAdapter[Any]
    model: Any
    kind: str
    file: str
    found: dict[tuple[int, int, str], Problem] = field(default_factory=dict)
    damaged: set[Path] = field(default_factory=set)

    def read(self) -> tuple[Any, Node]:
        """The model (None: nothing could be read) and the places that fit it."""
        data, root = self._without_empty_values()
        for round_ in range(_ROUNDS):
            try:
                return self.adapter.validate_python(data, by_alias=True, by_name=False), root
            except ValidationError as error:
                if round_ == 0 and data is self.document.data:
                    data, root = copy.deepcopy((data, root))
                refused = _without_answered(refusals(error.errors(include_url=False), data, self.model, root))
                for refusal in refused:
                    self._report(refusal)
                if not self._mend(refused, data, root):
                    break
        return None, root

    def _without_empty_values(self) -> tuple[Any, Node]:
        """The data without keys that have no value: such a key says nothing, and nobody leaves it empty on purpose."""
        empty = [path for path in _nothings(self.document.data) if path[-2:] != ("set", "to")]
        if not empty:
            return self.document.data, self.document.root
        data, root = copy.deepcopy((self.document.data, self.document.root))
        for path in reversed(empty):
            line, column = root.find(path).named
            what = f"the key `{path[-1]}`" if isinstance(path[-1], str) else "this item of the list"
            message = f"{what} has no value: give it one, or leave it out"
            self.found[line, column, message] = Problem(self.file, line, column, message, "no-value")
            self.damaged.add(path)
            _drop(data, root, path)
        return data, root

    def _report(self, refusal: Refusal) -> None:
        target = (*refusal.path, refusal.key) if refusal.kind == "missing" and refusal.key else refusal.path
        if any(hurt[: len(target)] == target for hurt in self.damaged):
            return  # follows from what was left out before
        place = refusal.place
        problem = Problem(self.file, place.line, place.column, refusal.message, refusal.rule)
        self.found.setdefault((place.line, place.column, refusal.message), problem)

    def _mend(self, refused: list[Refusal], data: Any, root: Node) -> bool:
        """Change `data` (and `root` with it) so that it may be read; False where there is no way."""
        dropped: set[Path] = set()
        for refusal in refused:
            path = refusal.path
            if (
                refusal.near
                and refusal.near not in _value_at(data, path[:-1])
                and path[-1] in _value_at(data, path[:-1])
            ):
                _rename(data, root, path, refusal.near)
            elif refusal.condition is not None:
                self._put(data, refusal.condition, _STAND_IN)
            elif refusal.kind == "missing" and not path:
                if not self._fill(data, refusal.key or ""):
                    return False
            elif not path:
                return False
            else:
                dropped.add(path)
        self.damaged |= dropped
        for path in sorted(dropped, key=_written_last_first):
            if not any(path[: len(other)] == other and path != other for other in dropped):
                _drop(data, root, path)
        return True

    def _put(self, data: Any, path: Path, value: Any) -> None:
        self.damaged.add(path)
        if path:
            _value_at(data, path[:-1])[path[-1]] = value

    def _fill(self, data: Any, key: str) -> bool:
        """Stand-ins for what a file as a whole lacks."""
        if not isinstance(data, dict):
            return False
        steps = data.get("steps")
        self.damaged.add((key,))
        match self.kind, key:
            case "scenario", "scenario":
                data["scenario"] = self.file.removesuffix(".yaml").replace(" ", "_")
            case "scenario", "start" if isinstance(steps, dict) and steps:
                data["start"] = next(iter(steps))
            case "sender", "from":
                data["from"] = {"name": "-", "email": "-@example.com"}
            case "sender", "time_zone":
                data["time_zone"] = "UTC"
            case ("sender", "legal_name" | "postal_address" | "contact") | ("hot_lead", "queue"):
                data[key] = "-"
            case _:
                return False
        return True


def _without_answered(refused: Iterable[Refusal]) -> list[Refusal]:
    """Without what another refusal explains.

    A key is not missing as well where a mistyped one beside it will be read as it, and a list is not empty because all
    its items were refused.
    """
    listed = list(refused)
    read_as = {(*refusal.path[:-1], refusal.near) for refusal in listed if refusal.near}
    above = {refusal.path[:length] for refusal in listed for length in range(len(refusal.path))}
    return [
        refusal
        for refusal in listed
        if not (refusal.kind == "missing" and (*refusal.path, refusal.key) in read_as)
        and not (refusal.kind == "too_short" and refusal.path in above)
    ]


def _nothings(data: Any, path: Path = ()) -> Iterator[Path]:
    """The paths of every empty value, in the order written."""
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(data, dict):
        items = data.items()
    elif isinstance(data, list):
        items = enumerate(data)
    for key, value in items:
        if value is None:
            yield (*path, key)
        else:
            yield from _nothings(value, (*path, key))


def _value_at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _written_last_first(path: Path) -> tuple[tuple[int, str], ...]:
    """Sorts so that a later item of a list goes before an earlier one (whose index it would change)."""
    return tuple((-part, "") if isinstance(part, int) else (0, part) for part in path)


def _drop(data: Any, root: Node, path: Path) -> None:
    parent = _value_at(data, path[:-1])
    node = root.find(path[:-1])
    last = path[-1]
    del parent[last]
    node.children.pop(last, None)
    if isinstance(last, int):
        for index in range(last, len(parent)):
            node.children[index] = node.children.pop(index + 1)


def _rename(data: Any, root: Node, path: Path, name: str) -> None:
    parent = _value_at(data, path[:-1])
    node = root.find(path[:-1])
    parent[name] = parent.pop(path[-1])
    node.children[name] = node.children.pop(path[-1])
