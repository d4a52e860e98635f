"""Turns tasks into what a row of the desk says, in Japanese or English; refuses to read or change any."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo

from adapters.database.desk import DeskTask
from adapters.database.handoffs import Handoff
from adapters.database.handoffs import later as promised
from adapters.database.loads import OPEN
from nurture.definitions import Definitions, Sales
from nurture.wording.conditions import Language, reason_of

SOON = timedelta(days=1)
"""What is due within it stands with what is overdue."""
_STATES = {
    "open": ("未受領", "not accepted yet"), "accepted": ("受領済み", "accepted"), "won": ("受注", "won"),
    "lost": ("失注", "lost"), "returned": ("差し戻し", "returned"), "expired": ("期限切れ", "expired"),
}  # fmt: skip
_UNITS = (
    (timedelta(days=2), timedelta(days=1), "日", "day"),
    (timedelta(minutes=90), timedelta(hours=1), "時間", "hour"),
    (timedelta(0), timedelta(minutes=1), "分", "minute"),
)


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who looks: in which language and zone, at what instant, as which rep, and what they may do.

    `rep`: whose desk it is (None: everybody's); `own`: a person of sales, who acts as this rep only; `currency`: of
    the amounts of closed tasks.
    """

    language: Language
    zone: tzinfo
    now: datetime
    rep: str | None
    own: bool
    acts: bool
    currency: str = "JPY"

    def say(self, ja: str, en: str) -> str:
        return ja if self.language == "ja" else en

    def at(self, instant: datetime | None) -> str:
        return "–" if instant is None else instant.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")


@dataclass(frozen=True, slots=True)
class Row:
    """One task as a row. `may`: what this reader can do to it now; `rep`: as whom; `mark` changes with what is shown.

    `acting` is empty where it has to be chosen. `others`: whom it may be handed to, as (rep, name).
    """

    id: str
    anchor: str
    lead: str
    queue: str
    who: str
    company: str
    why: str
    more: int
    score: str
    state: str
    word: str
    due: str
    due_at: str
    overdue: bool
    soon: bool
    snoozed: str
    holder: str
    came: str
    reason: str
    acting: str
    may: frozenset[str]
    others: Sequence[tuple[str, str]]
    later: Sequence[tuple[str, str]]
    mark: str = field(default="")


def row(desk: DeskTask, eyes: Eyes, definitions: Definitions) -> Row:
    """What is said of a task."""
    task, sales = desk.task, definitions.sales
    open_ = task.state in OPEN
    snoozed = open_ and task.snoozed_until is not None and task.snoozed_until > eyes.now
    due = _due(task, definitions) if open_ else None
    acting = eyes.rep or ("" if eyes.own else task.rep or "")
    found = Row(
        id=task.id, anchor=anchor_of(task.id), lead=task.lead, queue=task.queue,
        who=_who(desk, eyes),
        company=desk.company or "", why=_why(task, eyes, definitions),
        more=max(0, len(task.reasons) - 1), score=_score(task.score), state=task.state,
        word=eyes.say(*_STATES[task.state]),
        due=due_in_words(due, eyes) if open_ else "", due_at=eyes.at(due) if due else "",
        overdue=due is not None and due < eyes.now, soon=due is not None and due < eyes.now + SOON,
        snoozed=eyes.at(task.snoozed_until) if snoozed else "",
        holder=name_of(task.rep, sales) if task.rep else eyes.say("担当待ち", "waits for a rep"),
        came=_came(task.amount, task.closed_at, eyes) if not open_ else "", reason=task.reason or "",
        acting=acting, may=_may(desk, eyes, acting), others=_others(task.rep, sales) if open_ else (),
        later=later(eyes),
    )  # fmt: skip
    return _marked(found)


def _why(task: Handoff, eyes: Eyes, definitions: Definitions) -> str:
    """The first reason, in the reader's language."""
    if not task.reasons:
        return task.note or ""
    return reason_of(task.reasons[0], definitions, "ja" if eyes.language == "ja" else "en")


def _due(task: Handoff, definitions: Definitions) -> datetime | None:
    """By when it is to be accepted or closed; of one that fell back, when it should have been accepted."""
    queue = definitions.sales.queues.get(task.queue) if definitions.sales is not None else None
    if task.due is not None or task.state != "open" or queue is None:
        return task.due
    return promised(task.made_at, queue.accept_within, definitions)


def _who(desk: DeskTask, eyes: Eyes) -> str:
    return (
        eyes.say("消去されたリード", "an erased lead") if desk.erased else desk.name or eyes.say("名前なし", "no name")
    )


def anchor_of(handoff: str) -> str:
    """The id of a task's row in the page: short, and without anything that a selector could stumble over."""
    return f"task-{hashlib.sha256(handoff.encode()).hexdigest()[:12]}"


def _marked(found: Row) -> Row:
    shown = repr([found.who, found.company, found.why, found.more, found.score, found.state, found.due, found.snoozed,
                  found.holder, found.came, found.reason, sorted(found.may), found.others, found.later])  # fmt: skip
    return replace(found, mark=hashlib.sha256(shown.encode()).hexdigest()[:12])


def _may(desk: DeskTask, eyes: Eyes, acting: str) -> frozenset[str]:
    """What can be asked for with a chance: of what is closed nothing, of another rep's only what the rules leave."""
    task = desk.task
    if not eyes.acts or task.state not in OPEN or (eyes.own and not eyes.rep):
        return frozenset()
    found = set()
    if task.state == "open" and acting and not desk.erased:
        found.add("accept")
    if acting and task.rep == acting:
        found |= {"return", "close", "snooze"}
    if not eyes.own or task.rep == acting:
        found.add("assign")
    return frozenset(found)


def name_of(rep: str | None, sales: Sales | None) -> str:
    """What people call a rep: by the name of sales.yaml, else as it is written."""
    known = sales.rep(rep) if sales is not None else None
    return known.name if known is not None else rep or ""


def _others(holder: str | None, sales: Sales | None) -> list[tuple[str, str]]:
    reps = sales.reps if sales is not None else ()
    return [(each.rep, each.name) for each in reps if each.active and each.rep != holder]


def _score(score: object) -> str:
    total = score.get("total") if isinstance(score, Mapping) else None
    return f"{round(total, 1):g}" if isinstance(total, int | float) else "–"


def _came(amount: int | None, closed_at: datetime | None, eyes: Eyes) -> str:
    worth = f"{amount:,} {eyes.currency}" if amount is not None else ""
    return " · ".join(part for part in (eyes.at(closed_at), worth) if part)


def due_in_words(due: datetime | None, eyes: Eyes) -> str:
    """How much time is left, or by how much it is over."""
    if due is None:
        return eyes.say("期限なし", "no due time")
    left = due - eyes.now
    over = left < timedelta(0)
    span = _span(abs(left), eyes)
    if over:
        return eyes.say(f"期限を{span}過ぎています", f"overdue by {span}")
    return eyes.say(f"あと{span}", f"due in {span}")


def _span(span: timedelta, eyes: Eyes) -> str:
    _, unit, ja, en = next(each for each in _UNITS if span >= each[0])
    number = int(span / unit)
    return eyes.say(f" {number} {ja}", f"{number} {en}{'' if number == 1 else 's'}")


def later(eyes: Eyes) -> list[tuple[str, str]]:
    """Instants to put a task off to by one click, as (local time of a form, words)."""
    here = eyes.now.astimezone(eyes.zone)
    morning = here.replace(hour=9, minute=0, second=0, microsecond=0)
    monday = morning + timedelta(days=7 - here.weekday())
    choices = (
        (morning + timedelta(days=1), eyes.say("明日 9:00", "tomorrow 9:00")),
        (monday, eyes.say("来週月曜 9:00", "Monday 9:00")),
        (morning + timedelta(days=14), eyes.say("2 週間後", "in two weeks")),
    )
    return [(at.strftime("%Y-%m-%dT%H:%M"), words) for at, words in choices]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the desk: its rows, under a title; `folded`: shown when asked for."""

    key: str
    title: str
    rows: Sequence[Row]
    folded: bool = False


def sections(held: Sequence[Row], closed: Sequence[Row], eyes: Eyes) -> list[Section]:
    """The desk: what is due first, then what is new, what goes on, what is put off, and what is closed."""
    awake = [each for each in held if not each.snoozed]
    rest = [each for each in awake if not each.soon]
    return [
        Section("due", eyes.say("期限が過ぎた・24 時間以内", "Overdue, or due within 24 hours"),
                [each for each in awake if each.soon]),
        Section("new", eyes.say("新しい引き継ぎ", "New"), [each for each in rest if each.state == "open"]),
        Section("going", eyes.say("対応中", "Going on"), [each for each in rest if each.state == "accepted"]),
        Section("snoozed", eyes.say("先に延ばしたもの", "Put off"),
                [each for each in held if each.snoozed], folded=True),
        Section("closed", eyes.say("閉じたもの(30 日)", "Closed within 30 days"), closed, folded=True),
    ]  # fmt: skip
