"""Puts the monthly review into what its page shows: months, figures, agreements with what changed; reads nothing."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from nurture.accords import Accord, Accords
from nurture.agreement import FILE, agree
from nurture.definitions import Agreed, Definitions
from nurture.errors import NurtureError
from nurture.review.report import Review
from nurture.threshold import threshold_of
from nurture.wording.agreements import FieldChange, FieldWords, differences, fields_of
from nurture.wording.conditions import Language
from nurture.wording.sheet import Question, Sheet
from web.console import source_view
from web.console.source_view import FileDiff

MOST_ACCORDS = 24
"""So many agreements are listed: two years of monthly ones."""


@dataclass(frozen=True, slots=True)
class Month:
    """A month in the zone of the company. `running`: it is not over yet; `older` and `newer` are its neighbours."""

    name: str
    since: datetime
    until: datetime
    running: bool
    older: str
    newer: str | None


def month_of(name: str, now: datetime, zone: ZoneInfo) -> Month | None:
    """The month `2026-10`, up to now where it is running; None for one that has not begun."""
    year, number = (int(part) for part in name.split("-"))
    since = datetime(year, number, 1, tzinfo=zone).astimezone(UTC)
    if since > now:
        return None
    next_year, next_number = (year + number // 12, number % 12 + 1)
    end = datetime(next_year, next_number, 1, tzinfo=zone).astimezone(UTC)
    running = end > now
    return Month(
        name, since, now if running else end, running, _before(year, number),
        None if running else f"{next_year:04}-{next_number:02}",
    )  # fmt: skip


def usual_month(first: datetime | None, now: datetime, zone: ZoneInfo) -> str:
    """The month that a meeting looks at: the one that is over; the running one, where sales had no task before it."""
    local = now.astimezone(zone)
    if first is not None and first < datetime(local.year, local.month, 1, tzinfo=zone):
        return _before(local.year, local.month)
    return f"{local:%Y-%m}"


def _before(year: int, number: int) -> str:
    return f"{year - (number == 1):04}-{(number - 2) % 12 + 1:02}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure of the month: `of` and `told` say what it is part of or compared with."""

    key: str
    value: str
    told: str = ""


def figures_of(found: Review, language: Language) -> tuple[Figure, ...]:
    """What the month was, in a line of figures."""
    ja, all_, number = language == "ja", found.results.all, found.number
    limit = number.limit
    takes = f"{limit.per_week:.1f}" if limit is not None else "–"
    a_week = ("週に受けられる件数" if ja else "a week") if limit is not None else "不明" if ja else "not known"
    called = found.timing.called
    return (
        Figure("hot", f"{all_.tasks:,}", f"週 {number.per_week:.1f} 件" if ja else f"{number.per_week:.1f} a week"),
        Figure("takes", takes, a_week),
        Figure("called", f"{called.hits:,}", f"{called.of:,} 件中" if ja else f"of {called.of:,}"),
        Figure("won", f"{all_.won:,}", f"{all_.amount:,}" if all_.amount else ""),
        Figure("lost", f"{all_.lost:,}"),
        Figure("returned", f"{all_.returned:,}"),
        Figure("expired", f"{all_.expired:,}"),
        Figure("open", f"{all_.open:,}"),
    )  # fmt: skip


def recommended(found: Review) -> int | None:
    """Another threshold that the figures speak for; None where they speak for none, or for the present one."""
    said = found.thresholds
    speaks = any(each.what in ("raise", "lower") for each in said.advice)
    return said.recommended if speaks else None


SALES_FIRST = ("results", "quality", "number")
"""The questions that sales answers, before marketing answers the others."""


def in_turns(sheet: Sheet) -> tuple[tuple[str, tuple[Question, ...]], ...]:
    """The questions by whose turn it is, sales first."""
    sales = tuple(each for each in sheet.questions if each.name in SALES_FIRST)
    others = tuple(each for each in sheet.questions if each.name not in SALES_FIRST)
    return tuple((whose, several) for whose, several in (("sales", sales), ("marketing", others)) if several)


@dataclass(frozen=True, slots=True)
class AccordRow:
    """One agreement of the list, and what it changed of the one before."""

    accord: Accord
    who: str
    in_force: bool
    changes: tuple[FieldChange, ...]
    first: bool


def rows_of(found: Accords, definitions: Definitions, language: Language) -> tuple[AccordRow, ...]:
    """The agreements, the newest first; of one about words alone nothing has changed."""
    rows = []
    for each in found.several[:MOST_ACCORDS]:
        before = found.before(each)
        changes = () if each.hot is None or before is None else differences(before, each.hot, definitions, language)
        row = AccordRow(each, names(each.agreed.by, language), each is found.in_force, changes, before is None)
        rows.append(row)
    return tuple(rows)


def names(several: Sequence[str], language: Language) -> str:
    """Names as a list."""
    return ("、" if language == "ja" else ", ").join(several)


@dataclass(frozen=True, slots=True)
class Deployed:
    """The definition that is deployed, in words; `drift`: what nobody agreed on of it, where that is so."""

    number: int
    fields: tuple[FieldWords, ...]
    threshold: float | None
    drift: tuple[FieldChange, ...]


def deployed_of(found: Accords, definitions: Definitions, language: Language) -> Deployed | None:
    """None where there is no definition."""
    hot = definitions.hot_lead
    if hot is None:
        return None
    drift = differences(found.held.hot, hot, definitions, language) if found.held and not found.in_force else ()
    fields = fields_of(hot, definitions, language)
    return Deployed(definitions.number, fields, threshold_of(hot), drift)


@dataclass(frozen=True, slots=True)
class ToWrite:
    """What is to be written into hot_lead.yaml for an agreement: the lines, where they stand, the command for `agreed`.

    `deploys`: the definition changes by it, so that it holds only once it is deployed.
    """

    lines: tuple[str, ...]
    diff: FileDiff
    command: str
    deploys: bool


def to_write(deployed: str, agreed_on: str, agreed: Agreed, *, deploys: bool) -> ToWrite | None:
    """None where the file says so already, or cannot be changed by itself."""
    try:
        after = agree(agreed_on, agreed)
    except NurtureError:
        return None
    found = source_view.differences({FILE: deployed}, {FILE: after})
    if not found:
        return None
    by = " ".join(f"--by {shlex.quote(name)}" for name in agreed.by)
    lines = tuple(each.text for each in found[0].lines if each.kind == "new")
    return ToWrite(lines, found[0], f"nurture hot agree scenarios {by} --date {agreed.date}", deploys)
