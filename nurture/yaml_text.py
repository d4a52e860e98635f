"""Reads text as YAML 1.2 (core schema, no timestamps) with the place of every key and value; knows no model.

`on`, `no`, `12:30`, `2026-11-01` and `1_000` are text. Duplicate keys, tags, merge keys, anchors, aliases and further
documents are refused, all in one run: reading goes on after each of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import yaml

from nurture.errors import Problem

# libyaml is about ten times as fast; a PyYAML built without it reads the same.
_PARSER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

Path = tuple[str | int, ...]
"""Keys and indexes from the root of a file to one of its values."""

MAX_DEPTH = 40
"""Nobody nests conditions deeper; a bound keeps every walk over the data safe."""

_FULL_WIDTH = re.compile("[\uff1a\u3000\uff0c\uff5b\uff5d\uff3b\uff3d]")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_INT = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEX = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
} | {
    f"{sign}{word}": float(f"{sign}inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")
}  # fmt: skip
_MAX_DIGITS = 400

_SYNTAX = {
    "mapping values are not allowed": "a `:` cannot stand here: indent the line like its neighbours, or put a text "
    "that contains `: ` in quotes",
    "could not find expected ':'": "a key needs a `:` and a blank after it",
    "did not find expected key": "a key is expected here: check the indentation, and that every quote and "
    "bracket is closed",
    "did not find expected ',' or '}'": "a `,` or the closing `}` is missing",
    "did not find expected ',' or ']'": "a `,` or the closing `]` is missing",
    "did not find expected '-' indicator": "a list item beginning with `-` is expected here: check the indentation",
    "did not find expected node content": "a value is missing here",
    "found character that cannot start any token": "a text cannot begin with this sign: put it in quotes (a tab cannot "
    "indent: use blanks)",
    "found unexpected end of stream": "the quote that opens here is never closed",
    "block sequence entries are not allowed": "a list cannot begin here: put the `-` on its own line, indented",
    "found a tab character": "a tab cannot indent: use blanks",
    "found undefined tag handle": "tags (`!…`) are not used here: put the text in quotes",
    "found unknown escape character": "unknown escape after `\\`: use single quotes, or double the `\\`",
    "did not find expected alphabetic or numeric character": "a text beginning with `*` or `&` needs quotes",
    "did not find expected <document start>": "one value was expected, and more follows: check the indentation",
    "did not find expected whitespace or line break": "a blank is missing here",
    "did not find URI escaped octet": "a text beginning with `!` needs quotes",
    "did not find expected tag URI": "a text beginning with `!` needs quotes",
}  # fmt: skip


class Place(NamedTuple):
    """Where something stands, counted from 1."""

    line: int
    column: int


START = Place(1, 1)


class Node(NamedTuple):
    """The place of one value, of the key before it (None in lists and at the root), and of what is in it."""

    place: Place
    key: Place | None = None
    children: dict[str | int, Node] = {}  # noqa: RUF012 - a NamedTuple default; leaves share it and nobody adds to leaves

    def find(self, path: Path) -> Node:
        """The node at `path`, or the last one on the way that exists.

        An index that is not there is passed over: a single condition may stand where a list may.
        """
        node = self
        for part in path:
            child = node.children.get(part)
            if child is not None:
                node = child
            elif isinstance(part, str):
                break
        return node

    @property
    def named(self) -> Place:
        """The key, where there is one, else the value."""
        return self.key or self.place


@dataclass(frozen=True, slots=True)
class Document:
    """What one text says: plain data, the places of it, and everything refused. `readable`: no syntax error."""

    data: Any
    root: Node
    problems: tuple[Problem, ...] = ()
    readable: bool = True


def source_lines(text: str) -> list[str]:
    """The lines as YAML counts them."""
    return _BREAK.split(text)


def read_yaml(text: str, *, file: str, first_line: int = 1) -> Document:
    """Read one document; never raises. `first_line` is the line of `file` on which `text` begins."""
    text = text.removeprefix("\ufeff")
    reader = _Reading(file, first_line - 1)
    if strange := _UNPRINTABLE.search(text):
        before = source_lines(text[: strange.start()])
        place = Place(len(before) + first_line - 1, len(before[-1]) + 1)
        reader.refuse(place, f"the character U+{ord(strange[0]):04X} cannot stand in a text file", "yaml-syntax")
        return reader.document(readable=False)
    try:
        reader.read(_events(text))
    except yaml.MarkedYAMLError as error:
        mark = _mark_of(error, len(text.rstrip()))
        reader.refuse(reader.place(mark), _say(error) + _full_width_hint(text, mark.line), "yaml-syntax")
        return reader.document(readable=False)
    except yaml.YAMLError as error:  # pragma: no cover - the reader's own errors are found above
        reader.refuse(START, str(error), "yaml-syntax")
        return reader.document(readable=False)
    return reader.document(readable=not reader.too_deep)


def _events(text: str) -> Iterator[Any]:
    parser = _PARSER(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


def _mark_of(error: yaml.MarkedYAMLError, end: int) -> Any:
    """Where the mistake is: where an unclosed thing or a key opens, else where reading stopped."""
    at_end = error.problem_mark is None or error.problem_mark.index >= end
    problem = error.problem or ""
    opened = at_end or "unexpected end of stream" in problem or "could not find expected ':'" in problem
    return (error.context_mark if opened else None) or error.problem_mark


def _full_width_hint(text: str, line: int) -> str:
    """Said where a full-width sign, easily typed in Japanese, may be the mistake."""
    lines = source_lines(text)
    for number in (line, line - 1):
        if 0 <= number < len(lines) and (found := _FULL_WIDTH.search(lines[number].partition("#")[0])):
            return f" (line {number + 1} has a full-width {found[0]!r}: YAML knows only the half-width sign)"
    return ""


def _say(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "this cannot be read"
    said = next((human for machine, human in _SYNTAX.items() if machine in problem), None)
    if said is None:
        return f"this is not YAML: {problem}"
    opened = error.context_mark
    if opened is not None and said.startswith("a `,` or") and error.problem_mark is not None:
        return f"{said} (the bracket opens at line {opened.line + 1}, column {opened.column + 1})"
    return said


def scalar(text: str) -> Any:
    """A plain (unquoted) scalar as the core schema of YAML 1.2 reads it, timestamps left out."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789" or len(text) > _MAX_DIGITS:
        return text
    if _INT.fullmatch(text):
        return int(text)
    if _OCTAL.fullmatch(text) or _HEX.fullmatch(text):
        return int(text, 0)
    if _FLOAT.fullmatch(text):
        return float(text)
    return text


_NOTHING = object()
"""Stands for a value that cannot be kept."""


@dataclass(slots=True)
class _Open:
    """A list or mapping being read."""

    node: Node
    data: Any
    mapping: bool
    key: str | None = None
    key_place: Place | None = None
    awaits_value: bool = False


@dataclass(slots=True)
class _Reading:
    """Builds data and nodes from events, without recursion."""

    file: str
    offset: int
    problems: list[Problem] = field(default_factory=list)
    stack: list[_Open] = field(default_factory=list)
    data: Any = None
    root: Node | None = None
    too_deep: bool = False

    def refuse(self, place: Place, message: str, rule: str) -> None:
        self.problems.append(Problem(self.file, place.line, place.column, message, rule))

    def place(self, mark: Any) -> Place:
        return Place(mark.line + 1 + self.offset, mark.column + 1)

    def document(self, *, readable: bool) -> Document:
        root = self.root or Node(Place(1 + self.offset, 1))
        return Document(self.data if readable else None, root, tuple(self.problems), readable)

    def read(self, events: Iterator[Any]) -> None:
        documents = 0
        for event in events:
            match event:
                case yaml.ScalarEvent():
                    self._decorations(event)
                    value = scalar(event.value) if event.implicit[0] or _bare(event) else event.value
                    self._value(event, value, plain=event.implicit[0])
                case yaml.MappingStartEvent() | yaml.SequenceStartEvent():
                    self._decorations(event)
                    if not self._opens(event, mapping=isinstance(event, yaml.MappingStartEvent)):
                        return
                case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                    self._close()
                case yaml.AliasEvent():
                    self._unused(event, "aliases (`*…`) are not used here: write it out")
                    self._value(event, _NOTHING)
                case yaml.DocumentStartEvent():
                    documents += 1
                    if documents > 1:
                        self._unused(event, "a second document begins: one file, one document")
                        return
                    if event.tags or (event.version and tuple(event.version) != (1, 2)):
                        self._unused(event, "directives (`%…`) are not used here")

    def _unused(self, event: Any, message: str) -> None:
        self.refuse(self.place(event.start_mark), message, "yaml-feature")

    def _decorations(self, event: Any) -> None:
        if event.anchor is not None:
            self._unused(event, f"anchors (`&{event.anchor}`) are not used here: write it out")
        if event.tag is not None:
            self._unused(event, f"tags (`{event.tag.replace('tag:yaml.org,2002:', '!!')}`) are not used here")

    def _opens(self, event: Any, *, mapping: bool) -> bool:
        place = self.place(event.start_mark)
        if len(self.stack) >= MAX_DEPTH:
            self.refuse(place, f"nested more than {MAX_DEPTH} levels deep", "yaml-feature")
            self.too_deep = True
            return False
        parent = self.stack[-1] if self.stack else None
        key_place = parent.key_place if parent else None
        self.stack.append(_Open(Node(place, key_place, {}), {} if mapping else [], mapping))
        return True

    def _close(self) -> None:
        closed = self.stack.pop()
        self._attach(closed.node, closed.data)

    def _value(self, event: Any, value: Any, *, plain: bool = False) -> None:
        place = self.place(event.start_mark)
        parent = self.stack[-1] if self.stack else None
        if parent is not None and parent.mapping and not parent.awaits_value:
            self._key(parent, place, event, value, plain=plain)
            return
        self._attach(Node(place, parent.key_place if parent else None), value)

    def _attach(self, node: Node, value: Any) -> None:
        """Put a finished value where it belongs: the document, a list, a key's value, or (wrongly) a key."""
        if not self.stack:
            self.root = node
            self.data = None if value is _NOTHING else value
            return
        parent = self.stack[-1]
        if not parent.mapping:
            if value is not _NOTHING:
                parent.node.children[len(parent.data)] = node
                parent.data.append(value)
            return
        if not parent.awaits_value:  # a list or mapping stands where a key must
            message = "a key must be a text; a text that begins with `{` or `[` needs quotes"
            self.refuse(node.place, message, "key-not-text")
            parent.key, parent.key_place, parent.awaits_value = None, node.place, True
            return
        if parent.key is not None and value is not _NOTHING:
            parent.data[parent.key] = value
            parent.node.children[parent.key] = node
        parent.key, parent.key_place, parent.awaits_value = None, None, False

    def _key(self, parent: _Open, place: Place, event: Any, value: Any, *, plain: bool) -> None:
        parent.awaits_value, parent.key_place, parent.key = True, place, None
        if value is _NOTHING:
            return
        if plain and value == "<<":
            self.refuse(place, "merge keys (`<<`) are not used here: write it out", "yaml-feature")
            return
        name = event.value
        if not isinstance(value, str):
            hint = f'; write "{name}" in quotes' if name else ""
            self.refuse(place, f"a key must be a text, and {name or 'an empty one'} is none{hint}", "key-not-text")
        if name in parent.data:
            first = parent.node.children[name].named
            self.refuse(place, f"the key {name!r} is written twice: first in line {first.line}", "duplicate-key")
            return
        parent.key = name


def _bare(event: Any) -> bool:
    """A tagged plain scalar is read as if it had no tag (which is refused)."""
    return event.tag is not None and event.style in (None, "")
