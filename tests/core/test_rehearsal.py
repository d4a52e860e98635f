"""When past leads would have become hot: by hand, and as the walk itself has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.definitions import Definitions
from nurture.history import PastEvent, PastLead
from nurture.rehearsal import Crossing, Rehearsal
from nurture.sweep import next_night
from tests.core.stage import START, Lead, define

DAY = timedelta(days=1)
END = START + 120 * DAY
CLOSES = timedelta(days=10, minutes=17)
IDLE = """
scenario: idle
start: over
enter: {event: {signed_up: nothing}}
steps:
  over: {finish: over}
"""
SCORE = """
attributes:
  - {item: large, when: {attribute: employees, at_least: 100}, points: 20}
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 30, fades: {half_life: 10d}}
"""
IGNORES = "  - {item: ignores, when: {unsubscribed: any}, points: -30, repeat: each, cap: 60, fades: {expires: 20d}}\n"
MAP = """
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {did: {attended: seminar}, within: 30d}}
  - {phase: decision, reached_when: {did: {requested: any}, within: 20d}}
"""


def under(rules: str, *, score: str = SCORE, cool_down: str = "30d", journey: str = MAP) -> Definitions:
    """A folder whose hot lead definition has these rules; its segment makes that downloads are heard, too."""
    hot = f"agreed: {{date: 2026-11-01, by: [sales]}}\n{rules}\nqueue: other\ncool_down: {cool_down}\n"
    heard = "heard: {when: {did: {downloaded: any}}}\n"
    return define(IDLE, hot_lead=hot, score=score, journey_map=journey, segments=heard, checked=False)


def past(*did: tuple[float, str, str], closed: float | None = None, **attributes: Any) -> PastLead:
    """A lead that did these so many days after START; won so many days after it."""
    events = tuple(PastEvent(START + days * DAY, kind, subject) for days, kind, subject in sorted(did))
    closed_at = START + closed * DAY if closed is not None else None
    return PastLead("lead_1", attributes, events, START, "won" if closed_at else None, closed_at)


def crossed(rules: str, lead: PastLead, **how: Any) -> list[float]:
    """After how many days it would have become hot."""
    found = Rehearsal(under(rules, **how), END, CLOSES).crossings(lead)
    return [round((each.at - START) / DAY, 3) for each in found]


TOTAL_60 = "any: [{score: total, at_least: 60}]"
NIGHT = (next_night(START, define(IDLE)) - START) / DAY
"""The first night after START, in days."""


def test_the_event_that_fills_the_score_is_the_crossing() -> None:
    """50 for the demo, 15 for the second visit two days later: 65; the demo alone is 50."""
    lead = past((1, "requested", "demo"), (3, "visited", "/pricing"), (4, "visited", "/pricing"))
    assert crossed(TOTAL_60, lead) == [3]


def test_points_that_have_faded_are_gone() -> None:
    """15 are 7.5 after ten days, so that the demo brings 57.5 and nobody; the next visit does."""
    lead = past((1, "visited", "/pricing"), (11, "requested", "demo"), (12, "visited", "/pricing"))
    assert crossed(TOTAL_60, lead) == [12]


def test_a_window_that_ends_is_seen_the_night_after() -> None:
    """Silent for twenty days: the visit of day 2 leaves the window on day 22, the next night judges."""
    quiet = "all: [{score: attributes, at_least: 20}, {not: {did: any, within: 20d}}]"
    lead = past((0.5, "visited", "/"), (2, "visited", "/"), employees=100)
    assert crossed(quiet, lead, cool_down="0d") == [0.5, round(22 + NIGHT, 3)]


def test_a_phase_is_one_of_the_rules() -> None:
    """A request makes it `decision` for twenty days; attending within them crosses, later it would not."""
    rules = "any: [{all: [{phase: {at_least: decision}}, {did: {attended: seminar}}]}]"
    assert crossed(rules, past((1, "requested", "quote"), (20, "attended", "seminar"))) == [20]
    assert crossed(rules, past((1, "requested", "quote"), (22, "attended", "seminar"))) == []


def test_the_latch_holds_until_the_task_is_closed_and_has_cooled() -> None:
    """Hot on day 1; the task closes on day 11 and cools until 41. Met again on day 30: no crossing; on day 50: one."""
    rules = "any: [{score: behaviours, at_least: 30}]"
    visits = [(1, "visited", "/pricing"), (1, "visited", "/pricing/a")]
    again = [(day, "visited", f"/pricing/{part}") for day in (30, 50) for part in ("b", "c")]
    assert crossed(rules, past(*visits, *again)) == [1, 50]


def test_a_crossing_inside_a_cool_down_waits_for_its_end() -> None:
    """Lost on day 5 without having been hot; met from day 6 on, the cool-down ends on day 35: the next night."""
    assert crossed(TOTAL_60, past((6, "requested", "demo"), (7, "requested", "demo"), closed=5, employees=100)) == [
        round(35 + NIGHT, 3)
    ]


def test_what_the_lead_is_counts_from_when_it_was_so() -> None:
    """Large from day 10 on; before, the demo of day 1 was 50 points."""
    lead = past((1, "requested", "demo"))
    profiles = ((START, {"employees": 10}), (START + 10 * DAY, {"employees": 100}))
    assert crossed(TOTAL_60, PastLead(lead.id, {"employees": 100}, lead.events, START, profiles=profiles)) == [10]


def test_whatever_is_heard_shows_that_the_definition_is_no_longer_met() -> None:
    """The visit of day 5 leaves the window on day 15 in the morning, and a download soon after cools the lead.

    What nobody asks for does not reach the workflow: a lead that attended a fair instead is hot all the time.
    """
    rules = "any: [{did: {visited: any}, within: 10d}]"
    for kind, days in (("downloaded", [5, 15.2]), ("attended", [5])):
        lead = past((5, "visited", "/"), (15.1, kind, "fair"), (15.2, "visited", "/"), closed=6)
        assert crossed(rules, lead, cool_down="0d", journey="phases: [{phase: only}]") == days


def test_nobody_looks_at_a_lead_that_was_only_imported() -> None:
    """By what it is alone it meets the definition: found with the first thing it does, or with its enrolment."""
    large = "any: [{score: attributes, at_least: 20}]"
    assert crossed(large, past(employees=100)) == []
    assert crossed(large, past((5, "downloaded", "paper"), employees=100)) == [5]
    assert crossed(large, past((5, "opened", "of which no definition asks"), employees=100)) == []
    assert crossed(large, replace(past(employees=100), enrolled_at=START + 3 * DAY)) == [3]


def test_whatever_is_heard_shows_that_a_window_has_ended() -> None:
    """The visit of day 1 leaves the window on day 8; a seminar, heard for the score alone, comes before the night."""
    rules = "all: [{did: {requested: demo}}, {not: {did: {visited: any}, within: 7d}}]"
    definitions = under(rules, score=SCORE + "  - {item: seminar, when: {attended: any}, points: 5}\n")
    lead = past((1, "visited", "/"), (2, "requested", "demo"), (8.01, "attended", "fair"))
    lead = replace(lead, profiles=((START, {}),))
    found = list(Rehearsal(definitions, END, CLOSES).crossings(lead))
    assert [each.at - START for each in found] == [8.01 * DAY]
    assert found == walked(definitions, lead)


def test_without_a_definition_nobody_is_hot() -> None:
    """And nothing is judged."""
    assert Rehearsal(define(IDLE), END, CLOSES).crossings(past((1, "requested", "demo"))) == ()


# --- as the walk has it ---------------------------------------------------------------------------------------------

RULES = (
    TOTAL_60,
    "any: [{score: behaviours, at_least: 30}, {all: [{score: pricing, at_least: 10}, {score: large, at_least: 20}]}]",
    (
        "any: [{all: [{phase: {at_least: comparison}}, {did: {requested: any}, within: 15d}]}]\n"
        "not: [{attribute: employees, at_most: 5}]"
    ),
    "all: [{did: {visited: any}, at_least: 2}, {not: {did: {visited: any}, within: 7d}}]",
    "all: [{score: total, at_least: 15}]\nany: [{phase: research}, {phase: decision}]",
    "all: [{did: {requested: any}}, {score: pricing, at_most: 10}]",
    "all: [{score: total, at_least: 20}]\nnot: [{score: pricing, at_least: 20}]",
    "any: [{did: any, within: 3d, at_least: 3}, {hot: true}]",
)
TYPES = (
    ("requested", "demo"), ("requested", "quote"), ("visited", "/pricing"), ("visited", "/"), ("attended", "seminar"),
    ("unsubscribed", ""), ("downloaded", "paper"),
)  # fmt: skip
minutes = st.integers(1, 110 * 24 * 60 // 7).map(lambda number: START + timedelta(minutes=7 * number, seconds=1))


@st.composite
def past_leads(draw: st.DrawFn) -> PastLead:
    """Somebody who did up to twelve things, changed once or twice, and may have been closed at some time."""
    times = sorted(draw(st.sets(minutes, min_size=1, max_size=14)))
    profiles = [(START, {"employees": draw(st.sampled_from([1, 50, 100]))})]
    events = []
    for at in times[1:]:
        if draw(st.integers(0, 9)) == 0:
            profiles.append((at, {"employees": draw(st.sampled_from([1, 50, 100]))}))
        else:
            kind, subject = draw(st.sampled_from(TYPES))
            events.append(PastEvent(at, kind, subject))
    after = draw(st.sampled_from([None, *events]))
    closed = after.at + timedelta(seconds=30) if after is not None else None
    return PastLead(
        "lead_1", profiles[-1][1], tuple(events), START, "lost" if closed else None, closed, profiles=tuple(profiles)
    )


def walked(definitions: Definitions, lead: PastLead) -> list[Crossing]:
    """The same through the walk: a tick every night, and sales closes each task when it did or in its usual time.

    What came in before the first event waits for it: until then there is no workflow.
    """
    stage = Lead(definitions)
    start = min((each.at for each in lead.events), default=END)
    told: list[tuple[datetime, Any]] = [(at, attributes) for at, attributes in lead.profiles]
    told += [(each.at, each) for each in lead.events]
    night = start
    while (night := next_night(night, definitions)) <= END:
        told.append((night, "night"))
    if lead.closed_at is not None:
        told.append((lead.closed_at, "closed"))
    waiting: list[Any] = []
    while told:
        told.sort(key=lambda each: each[0])
        at, what = told.pop(0)
        if at > END:
            break
        before = stage.state.handoff
        match what:
            case PastEvent():
                waiting.append(stage.event(what.type, what.subject, at=at))
            case "night":
                waiting.append(stage.tick(at))
            case "closed":
                waiting.append(stage.outcome("lost", at=at))
            case _:
                waiting.append(stage.profile(at=at, **what))
        if at < start:
            continue
        stage.tell(*waiting, now=at)
        waiting = []
        if stage.state.handoff not in (None, before) and (lead.closed_at is None or lead.closed_at <= at):
            told.append((at + CLOSES, "closed"))
    hot = [line for line in stage.lines if line.what == "hot"]
    return [Crossing(max(line.at, start), tuple((line.reason or "").split("; "))) for line in hot]


@settings(max_examples=100, deadline=None)
@given(
    past_leads(),
    st.sampled_from(RULES),
    st.sampled_from([SCORE, SCORE + IGNORES]),
    st.sampled_from(["0d", "9d", "5bd"]),
)
def test_a_back_test_crosses_when_the_walk_does(lead: PastLead, rules: str, score: str, cool_down: str) -> None:
    """The same instants and the same reasons, whatever fades, leaves a window, cools or changes meanwhile."""
    definitions = under(rules, score=score, cool_down=cool_down)
    assert list(Rehearsal(definitions, END, CLOSES).crossings(lead)) == walked(definitions, lead)
