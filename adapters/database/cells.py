"""Says in SQL what a value in a JSON column is, for SQLite and PostgreSQL; refuses to know whose it is.

A cell is one value: an attribute, or an item of a list. Its tests are never NULL where it is absent but false, so that
`not` turns them round; numbers, texts and booleans are never taken for each other.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    ARRAY,
    Column,
    ColumnElement,
    Numeric,
    String,
    and_,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy import true as yes

_LARGEST_INTEGER = 2**63


class Cell(ABC):
    """One value of JSON; `text` is what it says as a text, of a text without its quotes."""

    text: ColumnElement[Any]

    @abstractmethod
    def is_a(self, *kinds: str) -> ColumnElement[bool]:
        """True for a value of one of these kinds: `text`, `number`, `true`, `false`, `list`; may be NULL."""

    @abstractmethod
    def number(self) -> ColumnElement[Any]:
        """The number it is; anything for what is none."""

    @abstractmethod
    def of(self, number: float) -> ColumnElement[Any]:
        """A number as this database compares it with `number()`."""

    @abstractmethod
    def empty(self) -> ColumnElement[bool]:
        """True where there is none: absent, null, an empty text or an empty list; may not be NULL."""

    @abstractmethod
    def has(self, test: Callable[[Cell], ColumnElement[bool]]) -> ColumnElement[bool]:
        """True for a list with an item that passes a test."""

    @abstractmethod
    def holds(self, part: str) -> ColumnElement[bool]:
        """True where its text has this in it, upper and lower case told apart."""

    @abstractmethod
    def looks_like(self, signs: str) -> ColumnElement[bool]:
        """True where its text has, from its beginning, digits where there are `#`, and the other signs themselves."""

    def equals(self, wanted: bool | float | str) -> ColumnElement[bool]:
        """Equality that does not take `true` for 1, nor 1 for "1"."""
        match wanted:
            case bool():
                return surely(self.is_a("true" if wanted else "false"))
            case str():
                return surely(and_(self.text == literal(wanted, String), self.is_a("text")))
            case _:
                return surely(and_(self.number() == self.of(wanted), self.is_a("number")))

    def within(self, low: float | None, high: float | None) -> ColumnElement[bool]:
        """True for a number between two, both of them included."""
        tests = [self.number() >= self.of(low)] if low is not None else []
        tests += [self.number() <= self.of(high)] if high is not None else []
        return surely(and_(*tests, self.is_a("number")))

    def contains(self, wanted: bool | float | str) -> ColumnElement[bool]:
        """True for a list with this item, and for a text with this in it."""
        part = str(wanted)
        in_text = and_(self.is_a("text"), self.holds(part) if part else self.text != "")
        return or_(surely(in_text), surely(self.has(lambda item: item.equals(wanted))))

    def is_day(self) -> ColumnElement[bool]:
        """True for a text that begins with a day of the calendar such as 2026-11-02, but for the 29th of February."""
        month, day, year = func.substr(self.text, 6, 2), func.substr(self.text, 9, 2), func.substr(self.text, 1, 4)
        long = and_(day == "31", month.in_(("01", "03", "05", "07", "08", "10", "12")))
        in_month = or_(and_(day >= "01", day <= "28"), and_(day.in_(("29", "30")), month != "02"), long)
        real = and_(year > "0000", month >= "01", month <= "12", in_month)
        return surely(and_(self.is_a("text"), self.looks_like("####-##-##"), real))

    def may_be_day(self) -> ColumnElement[bool]:
        """True for what is_day does not tell: a leap day, or a day in another form than 2026-11-02."""
        leap = and_(self.looks_like("####-02-29"), self.is_a("text"))
        other = and_(self.looks_like("####"), ~self.looks_like("####-##-##"))
        return or_(surely(leap), surely(and_(self.is_a("text", "number"), other)))

    def day(self) -> ColumnElement[Any]:
        """Its first ten signs: of two days the later one is the greater."""
        return func.substr(self.text, 1, 10)


def cell(dialect: str, of: Column[Any], name: str) -> Cell | None:
    """The value of a name in a JSON object; None for a name that a database cannot look up."""
    if dialect == "postgresql":
        return _Postgresql(func.json_extract_path(of, name), func.json_extract_path_text(of, name))
    if '"' in name or not name.isprintable():
        return None  # such a name is written with escapes, and a path of SQLite knows none
    return _Sqlite.at(of, f'$."{name}"')


def surely(test: ColumnElement[Any]) -> ColumnElement[bool]:
    """False where the test is NULL."""
    return test.is_(yes())


_KINDS_OF_SQLITE = {
    "text": ("text",), "number": ("integer", "real"), "true": ("true",), "false": ("false",), "list": ("array",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Sqlite(Cell):
    kind: ColumnElement[Any]
    text: ColumnElement[Any]
    items: Any = None

    @classmethod
    def at(cls, of: Column[Any], path: str) -> _Sqlite:
        where = literal(path, String)
        items = func.json_each(of, where).table_valued("type", "value", name="item")
        return cls(func.json_type(of, where), func.json_extract(of, where), items)

    def is_a(self, *kinds: str) -> ColumnElement[bool]:
        return self.kind.in_([each for kind in kinds for each in _KINDS_OF_SQLITE[kind]])

    def number(self) -> ColumnElement[Any]:
        return self.text

    def of(self, number: float) -> ColumnElement[Any]:
        return literal(number if abs(number) < _LARGEST_INTEGER else float(number))

    def empty(self) -> ColumnElement[bool]:
        nothing = or_(and_(self.kind == "text", self.text == ""), and_(self.kind == "array", self.text == "[]"))
        return or_(func.coalesce(self.kind, "null") == "null", surely(nothing))

    def has(self, test: Callable[[Cell], ColumnElement[bool]]) -> ColumnElement[bool]:
        item = _Sqlite(self.items.c.type, self.items.c.value)
        return and_(self.is_a("list"), select(literal(1)).select_from(self.items).where(test(item)).exists())

    def holds(self, part: str) -> ColumnElement[bool]:
        return func.instr(self.text, literal(part, String)) > 0

    def looks_like(self, signs: str) -> ColumnElement[bool]:
        return self.text.op("GLOB", is_comparison=True)(literal(signs.replace("#", "[0-9]") + "*", String))


_KINDS_OF_POSTGRESQL = {
    "text": ("string",), "number": ("number",), "true": ("boolean",), "false": ("boolean",), "list": ("array",),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Postgresql(Cell):
    json: ColumnElement[Any]
    text: ColumnElement[Any]

    @property
    def kind(self) -> ColumnElement[Any]:
        return func.json_typeof(self.json)

    def is_a(self, *kinds: str) -> ColumnElement[bool]:
        found = self.kind.in_([each for kind in kinds for each in _KINDS_OF_POSTGRESQL[kind]])
        if set(kinds) <= {"true", "false"}:
            return and_(found, self.text.in_(kinds))
        return found

    def number(self) -> ColumnElement[Any]:
        return case((self.kind == "number", cast(self.text, Numeric)))

    def of(self, number: float) -> ColumnElement[Any]:
        return cast(literal(Decimal(str(number)), Numeric), Numeric)

    def empty(self) -> ColumnElement[bool]:
        no_items = case((self.kind == "array", func.json_array_length(self.json) == 0))
        nothing = or_(and_(self.kind == "string", self.text == ""), no_items)
        return or_(func.coalesce(self.kind, "null") == "null", surely(nothing))

    def has(self, test: Callable[[Cell], ColumnElement[bool]]) -> ColumnElement[bool]:
        several = case((self.kind == "array", self.json))  # no row comes of NULL
        items = func.json_array_elements(several).table_valued(column("value"), name="item")
        item = items.c.value
        unquoted = item.op("#>>", return_type=String())(cast(literal("{}", String), ARRAY(String)))
        return select(literal(1)).select_from(items).where(test(_Postgresql(item, unquoted))).exists()

    def holds(self, part: str) -> ColumnElement[bool]:
        return func.strpos(self.text, literal(part, String)) > 0

    def looks_like(self, signs: str) -> ColumnElement[bool]:
        return self.text.op("~", is_comparison=True)(literal(f"^{signs.replace('#', '[0-9]')}", String))
