"""Tells a back-test as tables or as data; refuses to judge anybody, and to find the words."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from cli.console import out
from cli.pasts import NO_LEAD
from nurture.backtest import Backtest, Capacity, Case, Week
from nurture.shares import Share
from nurture.wording.backtests import DAY, Saying

BAR = 40
"""How long the longest bar is."""
LISTED = 20
"""How many leads a table shows; JSON has them all."""


def tell(found: Backtest, limit: Capacity | None, saying: Saying, *, zone: ZoneInfo, source: str | None) -> None:
    """Everything, from the weeks to the differences."""
    since, now = (f"{each.astimezone(zone):%Y-%m-%d}" for each in (found.since, found.now))
    heading = saying.say("heading", since=since, now=now, leads=found.leads)
    out.print(Text(heading + (saying.say("source", source=source) if source else ""), style="bold"))
    if not found.leads:
        out.print(Text(NO_LEAD[saying.language]))
        return
    out.print(_weeks(found.weeks, limit, saying) if found.hot else Text(saying.labels["nobody_hot"]))
    for line in saying.summary(found, limit):
        out.print(Text(line))
    if found.won:
        out.print(_won(found.won, zone, saying))
    _tell_difference("only_new", found.only_new, zone, found.since, saying)
    _tell_difference("only_old", found.only_old, zone, found.since, saying)


def _weeks(weeks: Sequence[Week], limit: Capacity | None, saying: Saying) -> Table:
    """A bar for each week; what is above the capacity in another colour, and behind a stroke."""
    table = _table(saying, "week", "hot", "", "won", "lost")
    for column in (1, 3, 4):
        table.columns[column].justify = "right"
    most = max([1.0, *(each.hot for each in weeks), *([limit.per_week] if limit is not None else [])])
    mark = round(limit.per_week * BAR / most) if limit is not None else None
    for each in weeks:
        long = -(-each.hot * BAR // most) if each.hot else 0
        table.add_row(
            f"{each.begins}", str(each.hot), _bar(int(long), mark), str(each.won or "·"), str(each.lost or "·")
        )
    return table


def _bar(long: int, mark: int | None) -> Text:
    if mark is None:
        return Text("█" * long, style="green")
    inside, above = min(long, mark), max(0, long - mark)
    return Text.assemble(
        ("█" * inside, "green"), (" " * (mark - inside), ""), ("│", "dim"), ("█" * above, "red"),
    )  # fmt: skip


def _won(cases: Sequence[Case], zone: ZoneInfo, saying: Saying) -> Table:
    """When each won lead would have become hot; of one that never would, what it lacked."""
    table = _table(saying, "won_lead", "closed", "hot_from", "days_before", "lacked")
    table.columns[3].justify = "right"
    table.columns[4].overflow = "fold"
    for each in cases[:LISTED]:
        ahead = f"{each.ahead / DAY:.0f}" if each.ahead is not None else ""
        first = _day(each.first, zone) if each.first is not None else Text(saying.labels["never"], style="red")
        table.add_row(Text(each.lead), _day(each.closed_at, zone), first, ahead, Text(saying.lacked(each.missed)))
    return _cut(table, cases, saying)


def _tell_difference(label: str, cases: Sequence[Case], zone: ZoneInfo, since: datetime, saying: Saying) -> None:
    if not cases:
        return
    table = _table(saying, label, "result", "hot_from", "by")
    for each in cases[:LISTED]:
        first = next(one for one in (each.new if label == "only_new" else each.old) if one.at >= since)
        said = Text(saying.result(each.result)), _day(first.at, zone), Text(saying.reasons(first))
        table.add_row(Text(each.lead), *said)
    out.print(_cut(table, cases, saying))


def _table(saying: Saying, *labels: str) -> Table:
    return Table(*(saying.labels[each] if each else "" for each in labels), box=None, pad_edge=False)


def _cut(table: Table, cases: Sequence[Case], saying: Saying) -> Table:
    """The table with a line for those it does not show."""
    if len(cases) > LISTED:
        table.add_row(Text(saying.say("more", more=len(cases) - LISTED), style="dim"))
    return table


def _day(at: datetime | None, zone: ZoneInfo) -> Text:
    return Text(f"{at.astimezone(zone):%Y-%m-%d}" if at is not None else "")


def as_data(found: Backtest, limit: Capacity | None, saying: Saying) -> dict[str, Any]:
    """Everything as JSON data; shares with their 95 % intervals, times in UTC, reasons as the files say them."""
    return {
        "since": found.since.isoformat(),
        "now": found.now.isoformat(),
        "leads": found.leads,
        "hot": found.hot,
        "capacity": {"per_week": limit.per_week, "at_least": limit.at_least, "why": saying.why(limit)}
        if limit is not None
        else None,
        "weeks": [
            {"begins": each.begins.isoformat(), "hot": each.hot, "won": each.won, "lost": each.lost}
            for each in found.weeks
        ],
        "rate": _share_data(found.rate),
        "base": _share_data(found.base),
        "won": [_case_data(each, saying) for each in found.won],
        "undated": found.undated,
        "compared": found.compared,
        "only_new": [_case_data(each, saying) for each in found.only_new],
        "only_old": [_case_data(each, saying) for each in found.only_old],
    }


def _share_data(share: Share) -> dict[str, Any]:
    return {"won": share.hits, "of": share.of, "low": share.low, "high": share.high}


def _case_data(case: Case, saying: Saying) -> dict[str, Any]:
    return {
        "lead": case.lead,
        "result": case.result,
        "closed_at": _iso(case.closed_at),
        "first_hot_at": _iso(case.first),
        "days_before": case.ahead / DAY if case.ahead is not None else None,
        "crossings": [{"at": each.at.isoformat(), "reasons": list(each.reasons)} for each in case.new],
        "crossings_of_current": [{"at": each.at.isoformat(), "reasons": list(each.reasons)} for each in case.old],
        "lacked": saying.lacked(case.missed) or None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
