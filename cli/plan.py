"""Shows what a deployment would mean for the leads there are; refuses to deploy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.table import Table
from rich.text import Text

from adapters.database.desk_foresight import DeskForesight
from adapters.database.foresight import Arriving, Leaving, Standing, Steps, Stirred
from cli.console import out

_SAID: dict[Steps, str] = {
    "same": "walk on, nothing changes",
    "other": "walk on in deployment {deployment}, until `nurture migrate`",
    "gone": "walk on in deployment {deployment}; the new files do not have it",
}
_LISTED = 10


def show_standing(found: Sequence[Standing]) -> None:
    """Who stands where, and what becomes of them."""
    if not found:
        out.print("plan: nobody walks a scenario")
        return
    table = Table("scenario", "deployment", "step", "leads", "they", box=None, pad_edge=False)
    for each in found:
        step = "(queued)" if each.step is None else each.step or "(begins)"
        said = _SAID[each.steps].format(deployment=each.deployment)
        table.add_row(Text(each.scenario), str(each.deployment), Text(step), str(each.leads), said)
    out.print(table)
    out.print(f"plan: {sum(each.leads for each in found)} lead(s) walk or await a scenario, and keep their steps")


def show_arriving(found: Sequence[Arriving], *, enroll: bool) -> None:
    """Who fits the way into a scenario already, and whether this deployment would let them in."""
    for each in found:
        if not each.leads:
            _say(f"plan: nobody fits the segment of {each.scenario} now")
            continue
        outcome = ", ".join(f"{count} {word}" for word, count in _ordered(each.outcome.items()))
        if enroll:
            _say(f"plan: {len(each.leads)} lead(s) fit the segment of {each.scenario} and would be: {outcome}")
        else:
            _say(
                f"plan: {len(each.leads)} lead(s) fit the segment of {each.scenario}; none would enter without "
                f"--enroll-existing (with it: {outcome})"
            )
        out.print(Text(f"  {_some(each.leads)}", style="dim"))


def show_hot(newly: Sequence[str], held: Sequence[str], *, hand_over: bool) -> None:
    """Who would become hot by the deployment, who has become so by an earlier one, and whether sales would get them."""
    what = "would be handed over" if hand_over else "none would be handed over without --hand-over"
    out.print(f"plan: {len(newly)} lead(s) would become hot" + (f"; {what}" if newly else ""))
    if newly:
        out.print(Text(f"  {_some(newly)}", style="dim"))
    if held:
        out.print(f"plan: {len(held)} lead(s) are hot already and with nobody; {what}")
        out.print(Text(f"  {_some(held)}", style="dim"))


def show_past(told: Sequence[str]) -> None:
    """What the new files would have done in the past, where they make others hot."""
    if told:
        out.print("plan: the last 180 days under the new files (all of it: nurture backtest)")
    for line in told:
        _say(f"  {line}")


def show_leaving(found: Sequence[Leaving]) -> None:
    """Whom a `leave` of the scenario they walk would end, since segments, score or phases are always current."""
    for each in found:
        _say(f"plan: {len(each.leads)} lead(s) would meet a `leave` of {each.scenario} and end")
        out.print(Text(f"  {_some(each.leads)}", style="dim"))


def show_told(told: int, stirred: Stirred) -> None:
    """Who would hear of it, and whose mail may go because of it."""
    mails = []
    if stirred.blocked:
        mails.append(f"{stirred.blocked} blocked lead(s) would try again, and may be mailed")
    if stirred.waiting:
        mails.append(f"{stirred.waiting} mail(s) that wait for their slot may go sooner or later")
    out.print(f"plan: {told} lead(s) would hear of it; {'; '.join(mails) or 'none would be mailed'}")


def show_tasks(found: DeskForesight, *, before: str = "") -> None:
    """What becomes of the open tasks of sales at once; nothing where nothing does."""
    counts = (
        (found.given, "that waited go to a rep"),
        (found.passed_on, "whose rep is not active any more go to others, or wait"),
        (found.fallback, "go to the fallback"),
        (found.expired, "expire, and their leads go on"),
        (found.reminded, "are not accepted yet, of which their reps are reminded"),
        (found.escalated, "are escalated"),
    )
    for count, what in counts:
        if count:
            _say(f"{before}{count} task(s) of sales {what}")


def say_hot(newly: Sequence[str], *, hand_over: bool) -> None:
    """Who has become hot by the deployment, and whether sales gets them."""
    if newly:
        what = "handed over" if hand_over else "not handed over: nurture deploy --hand-over releases them"
        out.print(f"{len(newly)} lead(s) become hot by it, {what}")
        out.print(Text(f"  {_some(newly)}", style="dim"))


def _say(text: str) -> None:
    """Words as they are, whatever brackets people have written into them."""
    out.print(Text(text))


def _ordered(outcome: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    first = {"enrolled": 0, "queued": 1}
    return sorted(outcome, key=lambda each: (first.get(each[0], 2), each[0]))


def _some(leads: Sequence[str]) -> str:
    more = len(leads) - _LISTED
    return " ".join(leads[:_LISTED]) + (f" … and {more} more" if more > 0 else "")
