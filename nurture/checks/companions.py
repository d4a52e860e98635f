"""Finds mistakes in the files beside the scenarios: segments, events, score, journey map, forms, sender, sales."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from nurture.checks.findings import At, Findings
from nurture.checks.names import TOTALS, attribute, phase, reps_of
from nurture.checks.spots import spots
from nurture.conditions import ANY, KEYWORDS, MAIL_EVENTS, Happened, InSegment, IsHot, parts
from nurture.definitions import HOLD_OUT, Form
from nurture.errors import near_names
from nurture.folder import DEFAULT_LANGUAGE
from nurture.gate import EVERY_MAIL_SAYS
from nurture.refusals import did_you_mean

EVENT_KEYS = ("type", "subject", "event")
"""Keys that the long form of an event uses."""
FORM_FIELDS = frozenset({"email", "name", "company"})
"""What a form may ask for besides attributes."""
NO_HOLIDAYS = "none"


def check_companions(found: Findings) -> None:
    """Every file with a fixed name."""
    _bare_events(found)
    _events(found)
    _segments(found)
    _score(found)
    _journey_map(found)
    _forms(found)
    _sender(found)
    _sales(found)


def _bare_events(found: Findings) -> None:
    """Events written bare where nothing says which span they cover, and score items that count nothing."""
    for spot in spots(found.folder):
        bare = [(at, part.event) for at, part in spot.parts() if isinstance(part, Happened)]
        if spot.where in ("segment", "hot lead", "reached_when", "attribute item"):
            for at, event in bare:
                written = str(event) if event.subject is None else f"{{{event}}}"
                message = f"an event alone does not say since when: write {{did: {written}}}"
                found.error(at, message, "bare-event")
        if spot.where == "behaviour item" and not bare and found.folder.sound(spot.at.file, spot.at.path):
            message = "a behaviour item counts events: name one, such as {signed_up: seminar}"
            found.error(spot.at, message, "nothing-counted")
    for spot in spots(found.folder):
        if spot.where == "hot lead":
            for at, part in spot.parts():
                if isinstance(part, IsHot):
                    found.error(at, "`hot` cannot be asked in the definition of hot", "hot-circle")


def _events(found: Findings) -> None:
    for name, event in found.folder.definitions.events.items():
        at = At("events.yaml").key(name)
        if name in (*KEYWORDS, *EVENT_KEYS, ANY, HOLD_OUT):
            message = f"{name!r} has a meaning of its own in conditions and cannot name an event"
            found.error(at, message, "reserved-name")
        if name in MAIL_EVENTS and event.subjects is not None:
            message = f"the subjects of `{name}` are the templates: they are not listed here"
            found.error(At("events.yaml").key(name, "subjects"), message, "reserved-name")


def _segments(found: Findings) -> None:
    """Segments that refer to each other in a circle."""
    segments = found.folder.definitions.segments
    refers = {
        name: [part.segment for part in parts(segment.when) if isinstance(part, InSegment) and part.segment in segments]
        for name, segment in segments.items()
    }
    reported: set[str] = set()
    for name in segments:
        circle = _circle(refers, name)
        if circle and not reported & set(circle):
            reported |= set(circle)
            message = f"the segments refer to each other in a circle: {' → '.join((*circle, name))}"
            found.error(At("segments.yaml").key(name), message, "segment-circle")


def _circle(refers: dict[str, list[str]], start: str) -> tuple[str, ...] | None:
    ahead: list[tuple[str, ...]] = [(start,)]
    seen: set[str] = set()
    while ahead:
        path = ahead.pop(0)
        for target in refers[path[-1]]:
            if target == start:
                return path
            if target not in seen:
                seen.add(target)
                ahead.append((*path, target))
    return None


def _twice(found: Findings, kind: str, named: Iterable[tuple[At, str]]) -> None:
    counted: Counter[str] = Counter()
    for at, name in named:
        counted[name] += 1
        if counted[name] == 2:
            found.error(at, f"the {kind} {name!r} is written twice", "duplicate-name")


def _score(found: Findings) -> None:
    score = found.folder.definitions.score
    at = At("score.yaml")
    named = [(at.to("attributes", index, "item"), item.item) for index, item in enumerate(score.attributes)]
    named += [(at.to("behaviours", index, "item"), item.item) for index, item in enumerate(score.behaviours)]
    _twice(found, "score item", named)
    for place, name in named:
        if name in TOTALS:
            found.error(place, f"{name!r} names a sum and cannot name an item", "reserved-name")


def _journey_map(found: Findings) -> None:
    journey_map = found.folder.definitions.journey_map
    if journey_map is None:
        return
    at = At("journey_map.yaml")
    _twice(found, "phase", [(at.to("phases", i, "phase"), each.phase) for i, each in enumerate(journey_map.phases)])
    for index, each in enumerate(journey_map.phases):
        if index and each.reached_when is None and found.folder.sound(at.file, ("phases", index)):
            message = f"the phase {each.phase!r} has no `reached_when`: only the first phase is reached by itself"
            found.warning(at.to("phases", index), message, "never-reached")
    qualifying = journey_map.qualifying
    if qualifying is not None:
        phase(found, at.to("qualifying", "from"), qualifying.from_)
        if qualifying.to is not None:
            phase(found, at.to("qualifying", "to"), qualifying.to)
            order = found.folder.definitions.phases
            if {qualifying.from_, qualifying.to} <= set(order) and order.index(qualifying.from_) > order.index(
                qualifying.to
            ):
                message = f"`to` comes before `from` in the journey map: {', '.join(order)}"
                found.error(at.to("qualifying", "to"), message, "wrong-value")


def _forms(found: Findings) -> None:
    for name, form in found.folder.definitions.forms.items():
        at = At("forms.yaml").to(name)
        _asked_for(found, name, form, at)
        _consented(found, name, form, at)
        if form.confirm is not None:
            _confirm(found, form, at)
        elif form.confirm_only is not None and found.folder.sound("forms.yaml", (name,)):
            message = "`confirm_only` names no mail: write `confirm: TEMPLATE` too, or take it out"
            found.error(at.key("confirm_only"), message, "missing-key")


def _asked_for(found: Findings, name: str, form: Form, at: At) -> None:
    """The fields of a form and the event it makes."""
    for field in form.fields:
        if field not in FORM_FIELDS:
            attribute(found, at.key("fields", field), field, extra=FORM_FIELDS)
    if "email" not in form.fields and found.folder.sound("forms.yaml", (name,)):
        message = "a form finds its lead by the address: add `email: required`"
        found.error(at.key("fields"), message, "form-email")
    if form.event.type in MAIL_EVENTS:
        message = f"`{form.event.type}` is told by the mail provider: a form makes another event"
        found.error(at.to("event"), message, "wrong-value")
    if form.event.subject == ANY:
        found.error(at.to("event", form.event.type), "a form makes one event: name its subject", "wrong-value")


def _consented(found: Findings, name: str, form: Form, at: At) -> None:
    """The topic of a form, and the wording that goes with it."""
    folder = found.folder
    if form.topic is None:
        return
    if folder.definitions.sender and folder.sound("sender.yaml", ("topics",)):
        topics = folder.definitions.sender.topics
        found.unknown(at.to("topic"), "topic", form.topic, topics, "sender.yaml lists no `topics`")
    if form.consent is None and folder.sound("forms.yaml", (name,)):
        message = f"the form {name!r} has a `topic` and no `consent` wording: posting it gives no consent"
        found.warning(at.to("topic"), message, "no-consent")


def _confirm(found: Findings, form: Form, at: At) -> None:
    """The mail that asks for a consent once more: there must be one, and something to be asked for."""
    folder, place = found.folder, at.to("confirm")
    if not folder.languages(form.confirm or ""):
        language = form.language or DEFAULT_LANGUAGE
        hint = f"add templates/{form.confirm}.{language}.md"
        found.unknown(place, "template", form.confirm or "", folder.template_names, hint)
    if folder.sound(at.file, at.path) and (form.topic is None or form.consent is None):
        found.error(place, "there is no consent to confirm: write `topic` and `consent` too", "no-consent")
    if folder.definitions.sender is None and not folder.present("sender"):
        found.error(place, "sender.yaml is missing: a form that confirms sends a mail", "missing-file")


def _sender(found: Findings) -> None:
    sender = found.folder.definitions.sender
    if sender is None:
        return
    at = At("sender.yaml")
    if found.folder.sound(at.file, ("time_zone",)) and not is_zone(sender.time_zone):
        near = did_you_mean(near_names(sender.time_zone, available_timezones())) or "; write it like Asia/Tokyo"
        found.error(at.to("time_zone"), f"unknown time zone {sender.time_zone!r}{near}", "unknown-time-zone")
    countries = found.folder.countries
    if countries is not None and sender.holidays != NO_HOLIDAYS:
        known = {country.lower() for country in countries}
        if sender.holidays.lower() not in known:
            near = did_you_mean(near_names(sender.holidays.lower(), [*known, NO_HOLIDAYS]))
            message = f"unknown country {sender.holidays!r}{near or '; write jp, us … or none'}"
            found.error(at.to("holidays"), message, "unknown-holidays")
    for part in EVERY_MAIL_SAYS:
        if found.folder.sound(at.file, (part,)) and not getattr(sender, part).strip():
            found.error(at.to(part), f"`{part}` is empty: every mail has to say it, so none would go", "wrong-value")
    _twice(found, "topic", [(at.to("topics", index), topic) for index, topic in enumerate(sender.topics)])


def is_zone(name: str) -> bool:
    """True for the name of a time zone that exists."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def _sales(found: Findings) -> None:
    folder = found.folder
    sales, hot = folder.definitions.sales, folder.definitions.hot_lead
    at = At("sales.yaml")
    if sales is not None:
        _twice(found, "rep", [(at.to("reps", index, "rep"), rep.rep) for index, rep in enumerate(sales.reps)])
        reps = reps_of(folder)
        for name, queue in sales.queues.items():
            for index, rep in enumerate(queue.reps):
                found.unknown(at.to("queues", name, "reps", index), "rep", rep, reps)
            if queue.fallback is not None:
                found.unknown(at.to("queues", name, "fallback"), "rep", queue.fallback, reps)
            if "email" in (queue.tell or ()) and folder.definitions.sender is None and not folder.present("sender"):
                where = at.to("queues", name, "tell")
                found.error(where, "sender.yaml is missing: it says who mails to reps are from", "missing-file")
    if hot is not None and folder.sound("hot_lead.yaml", ("queue",)):
        where = At("hot_lead.yaml").to("queue")
        if not folder.present("sales"):
            found.error(where, "sales.yaml is missing: hot leads are handed over to this queue", "missing-file")
        else:
            found.unknown(where, "queue", hot.queue, folder.names("sales", "queues"))
