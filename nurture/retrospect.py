"""Looks at past leads through definitions: what held of them when, by the same judges as everywhere else.

Refuses to count and to have an opinion: four_r.py and reality_check.py do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from nurture.conditions import AnyCondition, Did, parts
from nurture.definitions import Definitions
from nurture.facts import Facts
from nurture.history import PastEvent, PastLead
from nurture.judging import Judge, Situation, expanded, judge
from nurture.qualification import Qualification, wanted
from nurture.scoring import Points

_MOMENT = timedelta(microseconds=1)


class Retrospect:
    """Conditions made ready to be judged for many past leads, with the attributes they had then, where that is told."""

    def __init__(self, definitions: Definitions, conditions: Iterable[AnyCondition] = ()) -> None:
        self.definitions = definitions
        self.qualification = Qualification(definitions)
        steps = definitions.journey_map.phases if definitions.journey_map is not None else ()
        reached = (phase.reached_when for phase in steps if phase.reached_when is not None)
        self._asked = [expanded(each, definitions) for each in (*conditions, *reached)]
        self.wanted = wanted(definitions, self._asked)

    def judge(self, condition: AnyCondition) -> Judge:
        """One of the conditions, ready."""
        return judge(expanded(condition, self.definitions), self.definitions, "nowhere")

    def seen(self, lead: PastLead, at: datetime) -> Situation:
        """The lead as it was known at an instant."""
        return self.situation(lead, lead.facts(self.wanted, at), at)

    def situation(self, lead: PastLead, facts: Facts, at: datetime) -> Situation:
        """The lead at an instant by a sheet of what it had done; its score is computed at most once."""
        found = Situation(
            at, attributes_at(lead, at), facts, {}, measure=_once(self.qualification.measure), hot=lead.hot
        )
        found.phase = self.qualification.furthest(found)
        return found

    def walked(self, lead: PastLead, instants: Sequence[datetime]) -> Iterator[tuple[datetime, Situation]]:
        """The lead at each of these ascending instants. The situation is good until the next one is asked for."""
        facts, events = Facts(keeps=dict(self.wanted)), iter(lead.events)
        ahead = next(events, None)
        for at in instants:
            while ahead is not None and ahead.at <= at:
                facts.note(ahead.type, ahead.subject, ahead.send, ahead.at)
                ahead = next(events, None)
            yield at, self.situation(lead, facts, at)

    def turns(self, lead: PastLead, start: datetime, end: datetime) -> list[datetime]:
        """The instants in ]start, end] at which what holds of the lead may change, and `start`.

        It becomes known or another, does something, or something it did leaves the window of a `did … within`. That
        points fade is seen at the next of these.
        """
        asked = (part for each in self._asked for part in parts(each) if isinstance(part, Did))
        spans = {part.within.span for part in asked if part.within is not None}
        moments = [begun(lead), *(at for at, _ in lead.profiles), *(event.at for event in lead.events)]
        moments += [event.at + span + _MOMENT for event in lead.events for span in spans]
        return [start, *sorted({each for each in moments if each is not None and start < each <= end})]


def begun(lead: PastLead) -> datetime | None:
    """When the lead became known: as is told, else with the first thing it did."""
    return lead.since or (lead.events[0].at if lead.events else None)


def attributes_at(lead: PastLead, at: datetime) -> Mapping[str, Any]:
    """What the lead was at an instant: by the newest profile until then, of which the last is today's.

    Where no profile is told, what it is today; before the first, what it was by that.
    """
    told = [attributes for since, attributes in lead.profiles if since <= at]
    if told:
        return told[-1]
    return lead.profiles[0][1] if lead.profiles else lead.attributes


def settled(lead: PastLead, now: datetime) -> datetime:
    """Up to when a lead counts: until it was won or lost, else until now."""
    return lead.closed_at if lead.result is not None and lead.closed_at is not None else now


def before_closing(lead: PastLead) -> Iterator[PastEvent]:
    """What a lead did until it was won or lost; all of it where it was neither."""
    end = lead.closed_at if lead.result is not None else None
    return (event for event in lead.events if end is None or event.at <= end)


def _once(measure: Callable[[Situation], Points]) -> Callable[[Situation], Points]:
    kept: list[Points] = []

    def measured(now: Situation) -> Points:
        if not kept:
            kept.append(measure(now))
        return kept[0]

    return measured
