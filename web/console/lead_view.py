"""Makes of all that is known of one lead what its page shows, in words; refuses to write HTML or to change anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection

from adapters.asking import WISHES, Wish
from adapters.database import erasures, handoffs, lead_dossier, lead_mails, leads, replies, timeline
from adapters.database.explaining import standpoint
from adapters.database.lead_dossier import Agreed, Shut, Standing, Walked
from adapters.database.merges import merged_into
from adapters.database.sequence import Deployments
from adapters.settings import Settings
from nurture import protocol
from nurture.definitions import Definitions
from nurture.distance import Distance
from nurture.explained import Standpoint
from nurture.wording.qualification import Explaining
from web.console import lead_tables
from web.console.lead_words import LeadWords

LINES = 50
_MAILS = 20
_REPLIES = 10
_TASKS = 50


@dataclass(frozen=True, slots=True)
class Mark:
    """One phase of the journey map; `reached`: the lead is there or was."""

    title: str
    here: bool
    reached: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """One item of the score with the events behind it: when, what, how many points, what fading has left."""

    item: str
    behaviour: bool
    points: float
    events: tuple[tuple[datetime, str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Missing:
    """One part of the hot lead definition, as deep as it is nested."""

    depth: int
    what: str
    met: bool
    lacks: str
    gains: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the lead stands in its scenario; `number` of `steps` in the order written, 0 where it is not there."""

    title: str
    step: str
    number: int
    steps: int
    visit: int | None
    deployment: int
    does: str
    waits: tuple[str, ...]
    since: datetime | None
    deadline: datetime | None
    then: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline."""

    at: datetime
    kind: str
    kind_word: str
    what: str
    place: str
    reason: str
    late: bool
    automatic: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """One mail; `url` is where the built-in sink shows it."""

    at: datetime | None
    subject: str
    template: str
    place: str
    state: str
    bad: bool
    reason: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Page:
    """Everything the page of one lead shows."""

    lead: Mapping[str, Any]
    standing: Standing
    state: str
    why: str
    attributes: tuple[tuple[str, str], ...]
    merged: tuple[str, ...]
    place: Place | None
    phases: tuple[Mark, ...]
    total: float
    sums: str
    items: tuple[Scored, ...]
    hot: str
    missing: tuple[Missing, ...]
    lines: tuple[Told, ...]
    older: str | None
    mails: tuple[Sent, ...]
    more_mails: bool
    consents: Sequence[Agreed]
    shut: Sequence[Shut]
    shut_now: Mapping[str, str]
    replies: Sequence[Mapping[str, Any]]
    tasks: Sequence[handoffs.Handoff]
    walked: Sequence[Walked]
    erasure: erasures.Erasure | None
    wishes: tuple[Wish, ...]
    temporal: str | None


def page_of(
    conn: Connection, lead: str, *, store: Deployments, current: Definitions, now: datetime, words: LeadWords,
    settings: Settings, cursor: str | None = None,
) -> Page | None:  # fmt: skip
    """All about one lead, which is no merged one; None where there is none. A fixed number of statements."""
    view = leads.view(conn, lead)
    stands = standpoint(conn, lead, store, current.number, now)
    if view is None or stands is None:
        return None
    standing, mine = lead_dossier.standing(conn, lead), [lead, *merged_into(conn, lead)]
    lines, older = timeline.newest(conn, lead, LINES, cursor)
    mails, more_mails = lead_mails.newest(conn, lead, _MAILS)
    score, explaining = stands.score(), Explaining(current, words.language)
    topics = list(current.sender.topics) if current.sender is not None else []
    explained = _hot(stands, explaining, now)
    return Page(
        lead=view,
        standing=standing,
        state=words.one_of(lead_tables.STATUSES, view["status"]),
        why=words.why(standing.why),
        attributes=tuple((words.words.attribute(name), words.words.value(name, value))
                         for name, value in view["attributes"].items()),
        merged=tuple(mine[1:]),
        place=_place(view, standing, store, words),
        phases=_phases(current, words, stands.now.phase),
        total=score.total,
        sums=explaining.sums(score),
        items=tuple(
            Scored(each.item, each.kind == "behaviour", each.points,
                   tuple((event.at, explaining.event(event), event.points, event.faded) for event in each.events))
            for each in score.items if each.points or each.events
        ),
        hot=explained[0],
        missing=explained[1],
        lines=tuple(_line(each, words) for each in lines),
        older=older,
        mails=tuple(_mail(each, words, sink=settings.mail == "sink") for each in mails),
        more_mails=more_mails,
        consents=lead_dossier.consents_of(conn, mine),
        shut=lead_dossier.suppressions_of(conn, lead, view["emails"]),
        shut_now=lead_dossier.shut_now(conn, view["email"], topics),
        replies=replies.page(conn, lead, _REPLIES)[0],
        tasks=handoffs.page(conn, _TASKS, lead=lead)[0],
        walked=lead_dossier.enrolments_of(conn, mine),
        erasure=erasures.of(conn, lead),
        wishes=wishes_of(view["status"], runs=standing.runs, inside=view["scenario"] is not None),
        temporal=workflow_url(settings, lead),
    )  # fmt: skip


def wishes_of(status: str, *, runs: bool, inside: bool) -> tuple[Wish, ...]:
    """What may be asked of a lead in this status, in the order of the buttons; its workflow has the last word."""
    if not runs or status == "erased":
        return ()
    paused, blocked = status == "paused", status == "blocked"
    may: dict[Wish, bool] = {
        "pause": not paused, "resume": paused, "leave": inside, "go_to": inside and not paused, "retry": blocked,
    }  # fmt: skip
    return tuple(each for each in WISHES if may[each])


def workflow_url(settings: Settings, lead: str) -> str | None:
    """The lead's workflow in the UI of the embedded Temporal server; None where it is not known where the UI is."""
    if settings.temporal_ui is None:
        return None
    return f"{settings.temporal_ui}/namespaces/default/workflows/{quote(protocol.lead_workflow_id(lead), safe='')}"


def _place(view: Mapping[str, Any], standing: Standing, store: Deployments, words: LeadWords) -> Place | None:
    if view["scenario"] is None:
        return None
    scenario = store.get(view["deployment"]).scenarios.get(view["scenario"])
    steps = list(scenario.steps) if scenario is not None else []
    step = scenario.steps.get(view["step"]) if scenario is not None else None
    deadline = view["deadline"]
    then: list[tuple[str, str]] = []
    for edge in step.edges if step is not None else ():
        when = words.words.condition(edge.when) if edge.when is not None else ""
        to = edge.go or edge.otherwise or (f"{words.finishes(edge.finish)}" if edge.finish else "")
        then.append((when, to or " / ".join(f"{name} {share} %" for name, share in (edge.split or {}).items())))
    return Place(
        title=words.scenario(view["scenario"]), step=view["step"] or "",
        number=steps.index(view["step"]) + 1 if view["step"] in steps else 0, steps=len(steps), visit=view["visit"],
        deployment=view["deployment"], does=words.does(step), waits=tuple(words.conditions(view["waiting_for"])),
        since=standing.since, deadline=datetime.fromisoformat(deadline) if deadline else None, then=tuple(then),
    )  # fmt: skip


def _phases(current: Definitions, words: LeadWords, phase: str | None) -> tuple[Mark, ...]:
    order = list(current.phases)
    at = order.index(phase) if phase in order else -1
    return tuple(Mark(words.phase(name), number == at, number <= at) for number, name in enumerate(order))


def _hot(stands: Standpoint, explaining: Explaining, now: datetime) -> tuple[str, tuple[Missing, ...]]:
    found = stands.hot()
    if found.definition is None:
        return explaining.say("no_hot"), ()
    said = explaining.stands(found)[1]
    if found.hot and not found.meets:
        said = explaining.say("latched")
    return said, tuple(_parts(found.definition, explaining, now, 0))


def _parts(part: Distance, explaining: Explaining, now: datetime, depth: int) -> list[Missing]:
    gains = tuple(explaining.gain(each) for each in part.could[:3])
    found = [Missing(depth, explaining.what(part), part.met, explaining.lacks(part, now), gains)]
    for inner in part.parts:
        found += _parts(inner, explaining, now, depth + 1)
    return found


def _line(line: Mapping[str, Any], words: LeadWords) -> Told:
    visit = f" ({line['visit']})" if line["visit"] and line["visit"] > 1 else ""
    return Told(
        at=datetime.fromisoformat(line["at"]), kind=line["kind"],
        kind_word=words.one_of(lead_tables.KINDS, line["kind"]),
        what=words.happened(line["kind"], line["what"], line["subject"]),
        place=f"{line['step']}{visit}" if line["step"] else words.scenario(line["scenario"]),
        reason=words.why(line["reason"]), late=bool(line["late"]), automatic=bool(line["automatic"]),
    )  # fmt: skip


def _mail(mail: lead_mails.Mail, words: LeadWords, *, sink: bool) -> Sent:
    message = mail.message
    return Sent(
        at=mail.at, subject=mail.subject or "",
        template=mail.template, place=mail.step or "", state=words.one_of(lead_tables.MAILS, mail.state),
        bad=mail.state in lead_tables.BAD_MAILS, reason=mail.reason or "",
        # shown as after something was done with it: a colleague who looks is no reader who opens
        url=f"/inbox/{quote(message, safe='')}?done=seen" if sink and message else None,
    )  # fmt: skip
