"""Tells a back-test as tables or as data; refuses to judge anybody."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rich.table import Table
from rich.text import Text

from cli.console import out
from nurture.backtest import Backtest, Capacity, Case, Week
from nurture.shares import Share, median

DAY = timedelta(days=1)
BAR = 40
"""How long the longest bar is."""
LISTED = 20
"""How many leads a table shows; JSON has them all."""
_RESULTS = {"won": "won", "lost": "lost", None: "neither yet"}


def tell(found: Backtest, limit: Capacity | None, *, zone: ZoneInfo, source: str | None) -> None:
    """Everything, from the weeks to the differences."""
    days = f"{found.since.astimezone(zone):%Y-%m-%d} to {found.now.astimezone(zone):%Y-%m-%d}"
    out.print(Text(f"back-test {days}, {found.leads} leads{f' of {source}' if source else ''}", style="bold"))
    if not found.leads:
        out.print("there is no lead yet: import some, or name a table of past deals with --history FILE.csv")
        return
    if found.hot:
        out.print(_weeks(found.weeks, limit))
    else:
        out.print("nobody would have become hot in this time")
    for line in summary(found, limit):
        out.print(Text(line))
    if found.won:
        out.print(_won(found.won, zone))
    _tell_difference("hot under the new only", found.only_new, zone, found.since, new=True)
    _tell_difference("hot under the current only", found.only_old, zone, found.since, new=False)


def summary(found: Backtest, limit: Capacity | None, *, sampled_of: int | None = None) -> list[str]:
    """The whole in a few sentences; `sampled_of`: so many leads there are, of which some were looked at."""
    told = []
    scale = sampled_of / found.leads if sampled_of and found.leads else 1.0
    if scale > 1:
        told.append(f"judged by a sample of {found.leads} of {sampled_of} leads; the numbers of a week are scaled up")
    often = f"{found.hot} time(s) in {found.span:.0f} weeks, {found.hot * scale / found.span:.1f} a week"
    told.append(f"hot: {often}{_against(found, limit, scale)}")
    told.append(f"won of those closed afterwards: {_share(found.rate)}")
    told.append(f"won of all closed in this time: {_share(found.base)}")
    if found.won:
        told.append(_ahead(found))
    else:
        told.append("won leads: none in this time, so nothing says whether these are the right ones")
    if found.undated:
        told.append(
            f"{found.undated} lead(s) were won or lost nobody knows when and count for neither side: name the "
            "column with the day (`closed`)"
        )
    if found.compared:
        new, old = _counted(found.only_new), _counted(found.only_old)
        told.append(f"against the current deployment: {new} hot under the new only, {old} under the current only")
    return told


def _ahead(found: Backtest) -> str:
    """How many of the won leads would have been hot, and how long before."""
    missed, middle = len(found.missed), median(each.ahead for each in found.won if each.ahead is not None)
    half = f", half of them {middle / DAY:.0f} days or more before they closed" if middle is not None else ""
    return f"won leads: {len(found.won)}; hot before: {len(found.won) - missed}{half}; never hot: {missed}"


def _against(found: Backtest, limit: Capacity | None, scale: float) -> str:
    if limit is None:
        return "; what sales can take is not known: name it with --capacity N"
    over = sum(each.hot * scale > limit.per_week for each in found.weeks)
    takes = f"{'at least ' if limit.at_least else ''}{limit.per_week:.1f} a week ({limit.why})"
    return f"; sales can take {takes}; {over} week(s) were above"


def _share(share: Share) -> str:
    if not share.of:
        return "nobody"
    return f"{share.hits} of {share.of}, {share.value:.0%} ({share.low:.0%} to {share.high:.0%})"


def _counted(cases: Sequence[Case]) -> str:
    won, lost = (sum(each.result == result for each in cases) for result in ("won", "lost"))
    return f"{len(cases)} ({won} won, {lost} lost)" if cases else "0"


def _weeks(weeks: Sequence[Week], limit: Capacity | None) -> Table:
    """A bar for each week; what is above the capacity in another colour, and behind a stroke."""
    table = Table("week of", "hot", "", "won", "lost", box=None, pad_edge=False)
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


def _won(cases: Sequence[Case], zone: ZoneInfo) -> Table:
    """When each won lead would have become hot; of one that never would, what it lacked."""
    table = Table("won lead", "closed", "hot from", "days before", "lacked", box=None, pad_edge=False)
    table.columns[3].justify = "right"
    table.columns[4].overflow = "fold"
    for each in cases[:LISTED]:
        ahead = f"{each.ahead / DAY:.0f}" if each.ahead is not None else ""
        first = _day(each.first, zone) if each.first is not None else Text("never", style="red")
        table.add_row(Text(each.lead), _day(each.closed_at, zone), first, ahead, Text(_lacked(each)))
    if len(cases) > LISTED:
        table.add_row(Text(f"… and {len(cases) - LISTED} more", style="dim"))
    return table


def _lacked(case: Case) -> str:
    missed = case.missed
    if missed is None:
        return ""
    if missed.kept_out is not None:
        return f"kept out: {missed.kept_out}"
    return "; ".join(missed.lacked)


def _tell_difference(title: str, cases: Sequence[Case], zone: ZoneInfo, since: datetime, *, new: bool) -> None:
    if not cases:
        return
    table = Table(title, "result", "hot from", "by", box=None, pad_edge=False)
    for each in cases[:LISTED]:
        first = next(one for one in (each.new if new else each.old) if one.at >= since)
        table.add_row(Text(each.lead), _RESULTS[each.result], _day(first.at, zone), Text("; ".join(first.reasons)))
    if len(cases) > LISTED:
        table.add_row(Text(f"… and {len(cases) - LISTED} more", style="dim"))
    out.print(table)


def _day(at: datetime | None, zone: ZoneInfo) -> Text:
    return Text(f"{at.astimezone(zone):%Y-%m-%d}" if at is not None else "")


def as_data(found: Backtest, limit: Capacity | None) -> dict[str, Any]:
    """Everything as JSON data; shares with their 95 % intervals, times in UTC."""
    return {
        "since": found.since.isoformat(),
        "now": found.now.isoformat(),
        "leads": found.leads,
        "hot": found.hot,
        "capacity": {"per_week": limit.per_week, "at_least": limit.at_least, "why": limit.why}
        if limit is not None
        else None,
        "weeks": [
            {"begins": each.begins.isoformat(), "hot": each.hot, "won": each.won, "lost": each.lost}
            for each in found.weeks
        ],
        "rate": _share_data(found.rate),
        "base": _share_data(found.base),
        "won": [_case_data(each) for each in found.won],
        "undated": found.undated,
        "compared": found.compared,
        "only_new": [_case_data(each) for each in found.only_new],
        "only_old": [_case_data(each) for each in found.only_old],
    }


def _share_data(share: Share) -> dict[str, Any]:
    return {"won": share.hits, "of": share.of, "low": share.low, "high": share.high}


def _case_data(case: Case) -> dict[str, Any]:
    return {
        "lead": case.lead,
        "result": case.result,
        "closed_at": _iso(case.closed_at),
        "first_hot_at": _iso(case.first),
        "days_before": case.ahead / DAY if case.ahead is not None else None,
        "crossings": [{"at": each.at.isoformat(), "reasons": list(each.reasons)} for each in case.new],
        "crossings_of_current": [{"at": each.at.isoformat(), "reasons": list(each.reasons)} for each in case.old],
        "lacked": _lacked(case) or None,
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
