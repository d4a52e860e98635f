"""Says when a past lead would have become hot under given definitions; refuses to count, and to know where from.

One core: score, phases, conditions and latch are those of the walk (`Qualification`, `Facts`, `turned`), and judged at
the instants at which the walk judges: when the lead changes, at each event that workflows hear of, at the closing of
its task, and at three in the morning where time alone may have changed something. As an import starts no workflow,
nobody looks at a lead before its first such event or its enrolment; what it was until then is looked at first. What
the walk knows and the past does not tell: phases are those of a lead outside any scenario, and a task that was never
made is taken to be closed after the usual time, unless the lead was won or lost later: then it is open until then.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nurture.conditions import Did, InPhase, parts
from nurture.definitions import Definitions
from nurture.drift import drift
from nurture.durations import LONGEST
from nurture.facts import NOT_HUMAN, OPENING, Facts, named_types
from nurture.history import PastEvent, PastLead
from nurture.judging import Situation, expanded
from nurture.latch import cools_until, turned
from nurture.qualification import Qualification, hot_condition, looked_for, wanted
from nurture.scoring import remembered
from nurture.sweep import next_night

_JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Crossing:
    """The instant at which a lead would have become hot, and by which rules."""

    at: datetime
    reasons: tuple[str, ...]


class Rehearsal:
    """Definitions made ready to be judged for many past leads, up to `now`.

    `closes_after`: how long sales usually has a task.
    """

    def __init__(self, definitions: Definitions, now: datetime, closes_after: timedelta) -> None:
        self.definitions, self.now, self.closes_after = definitions, now, closes_after
        self.ready = Qualification(definitions)
        self.heard = named_types(definitions)
        asked = [hot_condition(definitions.hot_lead)] if definitions.hot_lead is not None else []
        self.wanted = wanted(definitions, asked)
        self.telling = self._telling(looked_for(definitions, asked))
        self.asked = [expanded(each, definitions) for each in asked]
        self.phased = any(isinstance(part, InPhase) for each in self.asked for part in parts(each))
        self.every_night = any(drift(each, definitions, windows=False).begins for each in self.asked)
        self.begins = self.every_night or any(drift(each, definitions).begins for each in self.asked)
        self.spans = self._spans() if self.begins and not self.every_night else ()
        self.nights = _nights(definitions, now)

    def starts(self, lead: PastLead) -> datetime | None:
        """When its workflow would have begun: with the first event that is heard, or its enrolment; None without."""
        first = next((each.at for each in lead.events if each.type in self.heard), None)
        return min((at for at in (first, lead.enrolled_at) if at is not None and at <= self.now), default=None)

    def crossings(self, lead: PastLead) -> tuple[Crossing, ...]:
        """When it would have become hot, ascending; nobody does without a definition."""
        start = self.starts(lead) if self.definitions.hot_lead is not None else None
        return _Course(self, lead, start).walked() if start is not None else ()

    def watch(self, lead: PastLead, look: Callable[[Situation], None]) -> None:
        """Look at the lead at every instant at which it is judged; a situation is good for as long as one looks."""
        if (start := self.starts(lead)) is not None:
            _Course(self, lead, start, look).walked()

    def _telling(self, asked: tuple[Did, ...]) -> frozenset[str]:
        """The types of events that can change what is judged."""
        if any(each.any_human_event for each in asked):
            return self.heard - NOT_HUMAN | {each.did.type for each in asked}
        found = frozenset(each.did.type for each in asked)
        return found | OPENING if "opened" in found else found

    def _spans(self) -> tuple[timedelta, ...]:
        """How long the windows are by which something may begin."""
        conditions = [*self.asked, *(item.when for item in self.definitions.score.attributes)]
        conditions += [item.when for item in self.definitions.score.behaviours]
        if self.definitions.journey_map is not None:
            phases = self.definitions.journey_map.phases
            conditions += [each.reached_when for each in phases if each.reached_when is not None]
        several = (part for each in conditions for part in parts(expanded(each, self.definitions)))
        return tuple({part.within.span for part in several if isinstance(part, Did) and part.within is not None})


def _nights(definitions: Definitions, now: datetime) -> list[datetime]:
    """Every night up to `now` in which something that is known may have changed."""
    found, at = [], now - LONGEST
    while (at := next_night(at, definitions)) <= now:
        found.append(at)
    return found


class _Course:
    """One lead on its way through the instants at which it is judged; its workflow begins at `start`."""

    def __init__(
        self, rehearsal: Rehearsal, lead: PastLead, start: datetime, look: Callable[[Situation], None] | None = None
    ) -> None:
        self.by, self.lead, self.start, self.look = rehearsal, lead, start, look
        self.facts = Facts(keeps=dict(rehearsal.wanted))
        # what it was before the first that is known, nobody knows: the nearest thing is that
        self.attributes: Mapping[str, Any] = lead.profiles[0][1] if lead.profiles else lead.attributes
        self.hot = self.with_sales = self.met = False
        # what was won or lost before anybody looked cools, and closes no task of ours
        self.closed = lead.closed_at if lead.closed_at is not None and lead.closed_at < start else None
        self.closes: datetime | None = None
        self.found: list[Crossing] = []

    def walked(self) -> tuple[Crossing, ...]:
        """From the first thing that is known of it to the end."""
        before = self.start
        for at, what in self._moments():
            if at > before:
                self._time_passes(before, at)
                before = at
            if self._take(at, what):
                self._judge(at)
        self._time_passes(before, self.by.now + _JUST_BEFORE)
        return tuple(self.found)

    def _moments(self) -> list[tuple[datetime, PastEvent | Mapping[str, Any] | None]]:
        """What is known to have happened, by time; a mapping is what the lead became, None asks to be judged."""
        lead, by = self.lead, self.by
        events = [each for each in lead.events if each.type in by.heard and each.at <= by.now]
        found: list[tuple[datetime, PastEvent | Mapping[str, Any] | None]] = []
        found += [(at, attributes) for at, attributes in lead.profiles if at <= by.now]
        found += [(each.at, each) for each in events]
        found.append((min(lead.since or self.start, self.start), None))
        if lead.closed_at is not None and self.start <= lead.closed_at <= by.now:
            found.append((lead.closed_at, None))
        if by.every_night:
            found += [(night, None) for night in by.nights[bisect_right(by.nights, self.start) :]]
        for span in by.spans:
            left = {bisect_right(by.nights, each.at + span) for each in events}
            found += [(by.nights[night], None) for night in left if night < len(by.nights)]
        return sorted(found, key=lambda each: each[0])

    def _take(self, at: datetime, what: PastEvent | Mapping[str, Any] | None) -> bool:
        """Note what happened; True if it must be judged."""
        match what:
            case PastEvent(type=kind) if kind not in self.by.telling:
                return self.hot or self.met or self.by.begins  # it says nothing, but time has passed
            case PastEvent():
                self.facts.note(what.type, what.subject, what.send, what.at)
            case None:
                if at == self.lead.closed_at:
                    self._close(at)
            case _:
                self.attributes = what
        return True

    def _time_passes(self, after: datetime, before: datetime) -> None:
        """What time alone brings between two instants: a task is closed, a cool-down ends, the latch is cleared."""
        if self.closes is not None and self.closes < before:
            closes = self.closes
            self._nights_pass(after, closes)
            self._close(closes)
            self._judge(closes)
            after = closes
        self._nights_pass(after, before)

    def _close(self, at: datetime) -> None:
        self.with_sales, self.closes, self.closed = False, None, at

    def _nights_pass(self, after: datetime, before: datetime) -> None:
        """Between what else is judged the definition only ceases to hold, so that two nights decide."""
        nights, over = self.by.nights, cools_until(self.closed, self.by.definitions)
        if self.met and not self.hot and over is not None:
            first = bisect_left(nights, max(over, after + _JUST_BEFORE))
            if first < len(nights) and nights[first] < before:
                self._judge(nights[first])
                if self.found and self.found[-1].at == nights[first]:
                    self._time_passes(nights[first], before)
                    return
        last = bisect_left(nights, before) - 1
        if self.hot and last >= 0 and nights[last] > after:
            self._judge(nights[last])

    def _judge(self, at: datetime) -> None:
        by = self.by
        now = Situation(at, self.attributes, self.facts, {}, measure=remembered(by.ready.measure), hot=self.hot)
        if by.phased:
            now.phase = by.ready.furthest(now)
        if self.look is not None:
            self.look(now)
        reasons = by.ready.reasons(now)
        self.met = bool(reasons)
        over = cools_until(self.closed, by.definitions)
        turn = turned(hot=self.hot, met=self.met, cooling=over is not None and at < over, with_sales=self.with_sales)
        if turn == "cooled":
            self.hot = False
        elif turn == "crossed":
            self.hot = self.with_sales = True
            at = max(at, self.start)  # what was so before is found then
            self.found.append(Crossing(at, reasons))
            if self.lead.closed_at is None or self.lead.closed_at <= at:
                self.closes = at + by.closes_after
