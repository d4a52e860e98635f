"""The four R of segments, against figures computed by hand and against the predicates of everything else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.conditions import AttributeIs, Did
from nurture.definitions import Definitions
from nurture.four_r import SegmentReport, floor_of, four_r
from nurture.history import PastEvent, PastLead, Result
from nurture.membership import Membership
from nurture.segment_tally import MONTH, MONTHS
from nurture.shares import Share
from tests.core.stage import define

NOW = datetime(2026, 11, 2, tzinfo=UTC)
DAY = timedelta(days=1)
ATTRIBUTES = """
employees: {type: number, axis: demographic}
industry: {type: choice, axis: demographic, values: {telecom: 通信, other: その他}}
region: {type: text, axis: geographic}
"""
MAP = """
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {did: {visited: /pricing}}, actions: [{visited: /pricing}]}
  - {phase: decision, reached_when: {did: {requested: any}}, actions: [{requested: demo}]}
"""


def folder(segments: str, **beside: Any) -> Definitions:
    """Definitions with these segments, three attributes and a journey map of three phases."""
    return define(segments=segments, attributes=ATTRIBUTES, journey_map=MAP, **beside)


def lead(
    *events: tuple[str, str, float],
    result: Result | None = None,
    since: float = 400,
    closed: float = 0,
    **attributes: Any,
) -> PastLead:
    """A lead known since so many days ago, with (type, subject, days ago) of what it did."""
    did = sorted((PastEvent(NOW - ago * DAY, kind, subject) for kind, subject, ago in events), key=lambda each: each.at)
    closed_at = NOW - closed * DAY if result is not None else None
    return PastLead("lead", attributes, tuple(did), NOW - since * DAY, result, closed_at)


def several(number: int, won: int, **attributes: Any) -> list[PastLead]:
    """Leads with a result, the first `won` of them won."""
    return [lead(result="won" if index < won else "lost", **attributes) for index in range(number)]


def one(leads: Sequence[PastLead], definitions: Definitions, name: str = "big", **more: Any) -> SegmentReport:
    """The report of one segment."""
    return four_r(leads, definitions, NOW, names=[name], **more).segments[0]


BIG = folder("big: {when: {attribute: employees, at_least: 100}}")
BIG_TELECOM = folder("big: {when: {all: [{attribute: employees, at_least: 100}, {attribute: industry, is: telecom}]}}")


# --- rank -----------------------------------------------------------------------------------------------------------


def test_a_segment_whose_leads_are_won_more_often_than_all_is_good() -> None:
    """20 of 40 inside, 4 of 40 outside: 24 of 80 in all; the interval of 20/40 begins at 35.2 %, above 30 %."""
    rank = one([*several(40, 20, employees=200), *several(40, 4, employees=10)], BIG).rank
    assert (rank.inside, rank.all, rank.verdict) == (Share(20, 40), Share(24, 80), "good")
    assert rank.lift == pytest.approx(0.5 / 0.3)
    assert rank.inside.low == pytest.approx(0.352, abs=1e-3)
    assert rank.advice == ()


def test_leads_without_a_result_take_no_part_in_the_rate() -> None:
    """A hundred of whom nothing is known yet change nothing."""
    decided = [*several(40, 20, employees=200), *several(40, 4, employees=10)]
    assert one([*decided, *(lead(employees=200) for _ in range(100))], BIG).rank == one(decided, BIG).rank


def test_a_condition_without_which_as_many_are_won_is_named_to_be_dropped() -> None:
    """Big telecoms are won as often as all; those that only the industry keeps out are won more often."""
    leads = [
        *several(40, 10, employees=200, industry="telecom"),
        *several(40, 16, employees=200, industry="other"),
        *several(40, 4, employees=10, industry="telecom"),
    ]
    rank = one(leads, BIG_TELECOM).rank
    assert (rank.verdict, rank.inside, rank.all) == ("weak", Share(10, 40), Share(30, 120))
    (drop,) = [each for each in rank.advice if each.what == "drop"]
    assert (drop.condition, drop.share, drop.against) == (
        AttributeIs.model_validate({"attribute": "industry", "is": "telecom"}), Share(10, 40), Share(16, 40),
    )  # fmt: skip


def test_the_condition_that_would_tell_winners_apart_is_proposed() -> None:
    """Inside 16 of 80, in all 26 of 120; of the 20 that saw the prices 12: their interval begins above 20 %."""
    saw = ("visited", "/pricing", 30.0)
    leads = [
        *(lead(saw, result="won", employees=200) for _ in range(12)),
        *(lead(saw, result="lost", employees=200) for _ in range(8)),
        *several(60, 4, employees=200),
        *several(40, 10),
    ]
    (add,) = [each for each in one(leads, BIG).rank.advice if each.what == "add"]
    assert (add.what, str(add.condition), add.share, add.against) == (
        "add", "did visited: /pricing", Share(12, 20), Share(16, 80),
    )  # fmt: skip


def test_what_nearly_all_of_whom_were_won_is_taken_for_a_consequence() -> None:
    """20 of 20 with the attribute that winning sets: it is not proposed."""
    leads = [*several(20, 20, employees=200, industry="telecom"), *several(60, 0, employees=200), *several(40, 20)]
    assert [each.what for each in one(leads, BIG).rank.advice] == ["drop"]


def test_below_twenty_results_there_is_no_opinion() -> None:
    """19 of 19 won: too few, and it is said how many more are needed."""
    rank = one([*several(19, 19, employees=200), *several(100, 1)], BIG).rank
    assert (rank.verdict, rank.place, rank.advice[0].what, rank.advice[0].number) == ("too_few", None, "wait", 1)


def test_segments_are_ranked_by_what_can_be_relied_on() -> None:
    """A higher rate of few stands behind a lower one of many; without an opinion last, without a place."""
    definitions = folder(
        "few: {when: {attribute: region, is: a}}\nmany: {when: {attribute: region, is: b}}\n"
        "none: {when: {attribute: region, is: c}}\n"
    )
    leads = [*several(20, 12, region="a"), *several(400, 220, region="b"), *several(5, 5, region="c")]
    found = four_r(leads, definitions, NOW)
    assert [(each.name, each.rank.place) for each in found.segments] == [("many", 1), ("few", 2), ("none", None)]
    assert (found.leads, found.won, found.lost) == (425, 237, 188)


def test_what_a_lead_did_after_it_was_decided_puts_it_in_no_segment() -> None:
    """The demo came the day after the deal; on the very day counts."""
    definitions = folder("asked: {when: {did: {requested: demo}}}")
    after = [lead(("requested", "demo", 9), result="won", closed=10) for _ in range(30)]
    before = [lead(("requested", "demo", 10), result="won", closed=10) for _ in range(30)]
    assert one(after, definitions, "asked").reach.won == Share(0, 30)
    assert one(before, definitions, "asked").reach.won == Share(30, 30)


def test_what_winning_made_of_a_lead_does_not_count() -> None:
    """It grew after the deal; of the other nobody knows what it was before."""
    definitions = folder("small: {when: {attribute: employees, at_most: 50}}")
    profiles = ((NOW - 90 * DAY, {"employees": 20}), (NOW - 9 * DAY, {"employees": 900}))
    grown = PastLead("a", {"employees": 900}, (), NOW - 90 * DAY, "won", NOW - 10 * DAY, profiles=profiles)
    other = PastLead("b", {"employees": 900}, (), NOW - 90 * DAY, "won", NOW - 10 * DAY)
    report = one([grown, other], definitions, "small")
    assert report.reach.won == Share(1, 2)
    assert report.realistic.months == (1, 0, 0)


def test_who_came_to_fit_by_another_attribute_counts_when_it_did() -> None:
    """Known for a year, of that size since forty days."""
    profiles = ((NOW - 365 * DAY, {"employees": 20}), (NOW - 40 * DAY, {"employees": 200}))
    past = PastLead("a", {"employees": 200}, (), NOW - 365 * DAY, profiles=profiles)
    assert one([past], BIG).realistic.months == (0, 0, 0, 0, 1, 0)


# --- realistic ------------------------------------------------------------------------------------------------------


def test_who_became_known_counts_in_the_month_it_happened() -> None:
    """30-day months, oldest first; the one before them is none of them; the newest includes today."""
    leads = [lead(employees=200, since=since) for since in (180, 179, 151, 149, 31, 29, 0)]
    realistic = one(leads, BIG, floor=2).realistic
    assert realistic.months == (2, 1, 0, 0, 1, 2)
    assert (realistic.now, realistic.leads, realistic.per_month) == (7, 7, 1.0)
    assert realistic.verdict == "fair"  # half the floor


def test_who_begins_to_fit_by_time_alone_counts_when_it_does() -> None:
    """Silent for 60 days: last seen 100 days ago, so from 40 days ago; then it came back, and fits no more."""
    definitions = folder("silent: {when: {all: [{did: any}, {not: {did: any, within: 60d}}]}}")
    realistic = one([lead(("visited", "/a", 100), ("visited", "/a", 10))], definitions, "silent").realistic
    assert (realistic.months, realistic.now) == ((0, 0, 0, 0, 1, 0), 0)


def test_a_young_history_is_divided_by_the_months_it_has() -> None:
    """Two months of leads: ten in each, not three in each of six."""
    leads = [lead(employees=200, since=since) for since in [45] * 10 + [15] * 10]
    realistic = one(leads, BIG, floor=10).realistic
    assert (realistic.months, realistic.per_month, realistic.verdict) == ((10, 10), 10.0, "good")


def test_without_days_nobody_can_say_how_many_there_are_a_month() -> None:
    """Leads of which no day is known: no opinion, and which day is missing."""
    realistic = one([PastLead("a", {"employees": 200})], BIG).realistic
    assert (realistic.verdict, realistic.now, realistic.advice[0].what) == ("too_few", 1, "tell_since")


def test_the_condition_that_alone_keeps_most_out_is_named() -> None:
    """30 are only too small, 10 only in another industry, 5 both."""
    leads = [
        lead(employees=200, industry="telecom"),
        *(lead(employees=50, industry="telecom") for _ in range(30)),
        *(lead(employees=200, industry="other") for _ in range(10)),
        *(lead(employees=50, industry="other") for _ in range(5)),
    ]
    (advice,) = one(leads, BIG_TELECOM, floor=10).realistic.advice
    assert (advice.what, str(advice.condition), advice.number) == ("loosen", "employees at_least 100", 30)


def test_the_floor_is_what_keeps_the_reps_busy() -> None:
    """One rep with 20 tasks of at most 90 days: 20 · 30/90, so 7 a month; of 50 working (70) days 9; no limit: 20."""
    sales = "reps: [{rep: a, name: a, email: a@example.com, capacity: 20}]\nqueues: {inside: {reps: [a]%s}}\n"
    assert floor_of(folder("big: {when: {did: any}}", sales=sales % ", close_within: 90d")) == 7
    assert floor_of(folder("big: {when: {did: any}}", sales=sales % ", close_within: 50bd")) == 9
    assert floor_of(folder("big: {when: {did: any}}", sales=sales % "")) == 20
    assert floor_of(Definitions()) == 10


# --- reach ----------------------------------------------------------------------------------------------------------


def test_how_far_its_leads_get_is_compared_with_all() -> None:
    """Of 4 inside all 4, 2 and 1; of 8 in all 8, 5 and 1; with sales were the decided ones and the one with a task."""
    pricing, demo = ("visited", "/pricing", 50.0), ("requested", "demo", 40.0)
    leads = [
        lead(pricing, demo, employees=200, result="won"),
        lead(pricing, employees=200),
        lead(employees=200),
        PastLead("tasked", {"employees": 200}, (), NOW, handed_over=True),
        *(lead(pricing) for _ in range(3)),
        lead(),
    ]
    reach = one(leads, BIG).reach
    assert [(each.phase, each.inside, each.all) for each in reach.phases] == [
        ("research", Share(4, 4), Share(8, 8)),
        ("comparison", Share(2, 4), Share(5, 8)),
        ("decision", Share(1, 4), Share(1, 8)),
    ]
    assert (reach.handed_over, reach.handed_over_all) == (Share(2, 4), Share(2, 8))


def test_the_condition_that_alone_keeps_the_deals_out_is_named() -> None:
    """2 of 40 won deals are inside; 30 of the 38 outside were only in another industry."""
    leads = [
        *several(2, 2, employees=200, industry="telecom"),
        *several(30, 30, employees=200, industry="other"),
        *several(8, 8, employees=10, industry="telecom"),
    ]
    reach = one(leads, BIG_TELECOM).reach
    assert (reach.verdict, reach.won) == ("weak", Share(2, 40))
    assert [(each.what, str(each.condition), each.share) for each in reach.advice] == [
        ("keeps_out", "industry is telecom", Share(30, 38))
    ]


# --- response -------------------------------------------------------------------------------------------------------


def test_a_condition_can_be_judged_where_its_attribute_is_known() -> None:
    """Known of 8 and of 6 of 10, both of 5; a form asks for one of them."""
    forms = "f: {event: {signed_up: f}, fields: {email: required, industry: optional}}"
    definitions = folder(
        "big: {when: {all: [{attribute: employees, at_least: 100}, {attribute: industry, is: telecom}]}}", forms=forms
    )
    leads = [
        *(lead(employees=200, industry="telecom") for _ in range(5)),
        *(lead(employees=200) for _ in range(3)),
        lead(industry="other"),
        lead(employees=""),
    ]
    response = one(leads, definitions).response
    assert (response.whole, response.verdict) == (Share(5, 10), "fair")
    assert [each.share for each in response.parts] == [Share(8, 10), Share(6, 10)]
    assert [(each.what, each.names) for each in response.advice] == [("ask_for", ("f",))]


@pytest.mark.parametrize(
    ("segment", "events", "verdict", "advice"),
    [
        ("{did: {visited: /pricing}}", [("visited", "/pricing", 5.0)], "good", None),
        ("{did: {visited: /pricing}}", [("visited", "/", 5.0)], "weak", "no_source"),
        ("{did: {visited: /pricing}}", [("visited", "/pricing", 91.0)], "fair", "gone_silent"),
        ("{did: {opened: any}}", [("clicked", "letter", 5.0)], "good", None),
        ("{not: {did: any, within: 30d}}", [("visited", "/", 5.0)], "good", None),
    ],
)
def test_an_event_can_be_judged_where_somebody_reports_such_events(
    segment: str, events: list[tuple[str, str, float]], verdict: str, advice: str | None
) -> None:
    """One lead that did it, and lately, is proof enough; of nine others it means that they did not."""
    leads = [lead(*events), *(lead() for _ in range(9))]
    response = one(leads, folder(f"it: {{when: {segment}}}"), "it").response
    assert (response.verdict, [each.what for each in response.advice]) == (verdict, [advice] if advice else [])


# --- axes, and nobody -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("condition", "axes"),
    [
        ("{attribute: employees, at_least: 1}", ("demographic",)),
        ("{all: [{attribute: industry, is: other}, {attribute: region, is: a}]}", ("demographic", "geographic")),
        ("{all: [{attribute: region, is: a}, {did: {visited: any}}]}", ("geographic", "behavioural")),
        ("{score: behaviours, at_least: 5}", ("behavioural",)),
        ("{score: total, at_least: 5}", ("demographic", "behavioural")),
        ("{phase: comparison}", ("behavioural",)),
        ("{segment: other}", ("geographic",)),
    ],
)  # fmt: skip
def test_one_axis_alone_is_warned_of(condition: str, axes: tuple[str, ...]) -> None:
    """What is asked through a score, a phase or another segment counts with its axes."""
    score = (
        "attributes: [{item: big, when: {attribute: employees, at_least: 5}, points: 5}]\n"
        "behaviours: [{item: saw, when: {visited: any}, points: 5}]\n"
    )
    definitions = folder(f"it: {{when: {condition}}}\nother: {{when: {{attribute: region, is: a}}}}\n", score=score)
    report = one([], definitions, "it")
    assert report.axes == axes
    assert [each.what for each in report.advice] == ([] if len(axes) > 1 else ["combine_axes"])


def test_of_nobody_there_is_no_opinion() -> None:
    """An empty history: every verdict is that there are too few."""
    report = one([], BIG_TELECOM)
    assert {part.verdict for part in (report.rank, report.realistic, report.reach, report.response)} == {"too_few"}


# --- against the predicates of everything else ----------------------------------------------------------------------

HOURS = st.integers(0, 24 * 200)
MOVING = folder(
    "seen: {when: {did: {visited: any}, within: 20d}}\n"
    "twice: {when: {all: [{did: {visited: /pricing}, within: 50d, at_least: 2}, {segment: big}]}}\n"
    "silent: {when: {all: [{did: any}, {not: {did: any, within: 30d}}]}}\n"
    "compares: {when: {phase: comparison}}\n"
    "big: {when: {attribute: employees, at_least: 9}}\n"
)


@st.composite
def random_lead(draw: st.DrawFn) -> PastLead:
    """A lead of the last 200 days with a few visits and requests at whole hours."""
    since = draw(HOURS)
    acts = st.tuples(st.sampled_from([("visited", "/pricing"), ("visited", "/"), ("requested", "demo")]), HOURS)
    did = [
        PastEvent(NOW - timedelta(hours=ago), kind, subject)
        for (kind, subject), ago in draw(st.lists(acts, max_size=4))
        if ago <= since
    ]
    result: Result | None = draw(st.sampled_from([None, None, "won", "lost"]))
    closed = NOW - timedelta(hours=draw(st.integers(0, since))) if result is not None else None
    begun = NOW - timedelta(hours=since)
    ordered = tuple(sorted(did, key=lambda each: each.at))
    return PastLead("lead", {"employees": draw(st.sampled_from([5, 50]))}, ordered, begun, result, closed)


@given(random_lead())
@settings(max_examples=40, deadline=None)
def test_who_fits_and_since_when_is_what_the_predicates_say_at_every_hour(past: PastLead) -> None:
    """Counted months are those in which, asked every hour, the lead fits after an hour in which it did not."""
    end = past.closed_at or NOW
    start = NOW - MONTHS * MONTH
    for report in four_r([past], MOVING, NOW).segments:
        asked = Membership.of(report.condition, MOVING)

        def fits(at: datetime, asked: Membership = asked) -> bool:
            known = past.since is not None and past.since <= at
            return known and asked.fits(past.attributes, past.facts(asked.wanted, at), at)

        assert report.realistic.now == (past.result is None and fits(NOW))
        assert report.reach.handed_over.of == fits(end)
        months, before, at = set(), fits(start), start
        while at <= end:
            just_after = min(at + timedelta(microseconds=1), end)  # a window of 20 days is left just after 20 days
            if (now := fits(just_after)) and not before:
                months.add(min((at - start) // MONTH, MONTHS - 1))
            before, at = now, at + timedelta(hours=1)
        expected = [index in months for index in range(MONTHS)][-len(report.realistic.months) :]
        assert [bool(each) for each in report.realistic.months] == expected, report.name


def test_the_events_a_segment_asks_about_are_told_with_their_newest() -> None:
    """Response says when it was last seen that anybody did it."""
    definitions = folder("saw: {when: {did: {visited: /pricing}}}")
    (part,) = one([lead(("visited", "/pricing", 5), ("visited", "/pricing", 9))], definitions, "saw").response.parts
    assert isinstance(part.condition, Did)
    assert part.newest == NOW - 5 * DAY
