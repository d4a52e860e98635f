"""Counts segments for their pages, as far as a page has time for it, and says their conditions; changes none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from adapters.database import segments
from adapters.database.matching import matching
from nurture.axes import axes_of
from nurture.conditions import All, AnyCondition, AnyOf, InSegment, Not
from nurture.definitions import Definitions
from nurture.membership import Membership
from nurture.sieve import Part, attributes_of, entered_from, sieve
from nurture.wording.conditions import Language, Words
from nurture.wording.four_r import AXES
from web.reports import are_many, refuse_many

_SAMPLE = 10
_GROUPS: dict[Language, tuple[str, str, str, str]] = {
    "en": ("all of", "any of", "none of", "segment {name}"),
    "ja": ("すべて", "いずれか", "どれでもない", "セグメント {name}"),
}
COMPANY = "company"


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment: what it asks, along which axes, into which scenarios; `leads`: None until, or unless, counted."""

    name: str
    title: str
    asks: str
    axes: str
    scenarios: tuple[str, ...]
    leads: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class SievePart:
    """One part of a condition: so many leads fit it, it removes so many by itself, so many are left after it.

    `left`: None inside of parts that remove nobody by themselves.
    """

    depth: int
    says: str
    whole: bool
    fit: int | None = None
    removes: int | None = None
    left: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One lead that fits: its id and the values of what the segment asks about."""

    id: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """What one look at the leads says of a segment; `columns` are those of the sample."""

    leads: int
    fit: int
    parts: tuple[SievePart, ...]
    columns: tuple[str, ...]
    sample: tuple[Sample, ...]


Tallies = tuple[int, dict[str, int]]
"""How many leads there are, and how many fit by the name of the segment; one that was not counted is left out."""


def tallies(conn: Connection, known: Definitions, now: datetime) -> Tallies:
    """Every segment that can be counted here, in one look; what only a look at each lead tells, where they are few."""
    asked = {name: Membership.of(each.when, known) for name, each in known.segments.items()}
    if are_many(conn):
        asked = {name: each for name, each in asked.items() if matching(each, now, conn.dialect.name).exact}
    found = segments.tally(conn, list(asked.values()), now)
    return found.leads, dict(zip(asked, found.fitting, strict=True))


def rows(known: Definitions, words: Words, counted: Tallies | None) -> list[SegmentRow]:
    """The list, in the order of the file."""
    return [segment_row(name, known, words, counted) for name in known.segments]


def segment_row(name: str, known: Definitions, words: Words, counted: Tallies | None = None) -> SegmentRow:
    """One segment in words. Raises KeyError where there is none."""
    segment = known.segments[name]
    total, fitting = counted if counted is not None else (0, {})
    number, axes = fitting.get(name), AXES[words.language]
    return SegmentRow(
        name, segment.title or name, words.condition(segment.when),
        ("・" if words.language == "ja" else ", ").join(axes[each] for each in axes_of(segment.when, known)),
        entered_from(name, known), number, number / total if number is not None and total else None,
    )  # fmt: skip


def sieve_parts(name: str, known: Definitions, words: Words) -> tuple[SievePart, ...]:
    """The parts of what a segment asks, in words, not counted."""
    return tuple(SievePart(part.depth, _says(part, words), part.whole) for part in sieve(known.segments[name], known))


def counted(conn: Connection, name: str, known: Definitions, words: Words, now: datetime) -> Counted:
    """One look at all leads. Raises Refusal where each of too many leads would be judged by itself."""
    segment = known.segments[name]
    through, asked = sieve(segment, known), Membership.of(segment.when, known)
    several = [asked, *(Membership.of(part.condition, known) for part in through)]
    several += [Membership.of(part.so_far, known) for part in through if part.so_far is not None]
    if not all(matching(each, now, conn.dialect.name).exact for each in several):
        refuse_many(conn, f"nurture segments show {name}")
    found = segments.tally(conn, several, now)
    fit, alone, left = found.fitting[0], found.fitting[1 : len(through) + 1], iter(found.fitting[len(through) + 1 :])
    parts = tuple(_counted(part, number, found.leads, left, words) for part, number in zip(through, alone, strict=True))
    attributes = [COMPANY, *(each for each in attributes_of(segment.when, known) if each != COMPANY)]
    few = segments.page(conn, asked, now, _SAMPLE)[0] if fit else []
    sample = (
        Sample(each["id"], tuple(words.value(column, (each["attributes"] or {}).get(column)) for column in attributes))
        for each in few
    )
    return Counted(found.leads, fit, parts, tuple(words.attribute(each) for each in attributes), tuple(sample))


def worst(parts: Sequence[SievePart]) -> SievePart | None:
    """The part without parts that removes most, where anything was counted."""
    whole = [each for each in parts if each.whole and each.removes is not None]
    return max(whole, key=lambda each: each.removes or 0, default=None)


def _counted(part: Part, number: int, total: int, left: Iterator[int], words: Words) -> SievePart:
    remaining = next(left) if part.so_far is not None else None
    return SievePart(part.depth, _says(part, words), part.whole, number, total - number, remaining)


def _says(part: Part, words: Words) -> str:
    if part.whole:
        return words.condition(part.condition)
    return _group(part.condition, words.language)


def _group(condition: AnyCondition, language: Language) -> str:
    all_, any_, none, segment = _GROUPS[language]
    match condition:
        case All():
            return all_
        case AnyOf():
            return any_
        case Not():
            return none
        case InSegment(segment=name):
            return segment.format(name=name)
        case _:
            return str(condition)
