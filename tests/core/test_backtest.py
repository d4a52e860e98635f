"""A back-test summed up: weeks against capacity, rates, missed leads, differences; each figure counted by hand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from nurture.backtest import Backtest, Comparison, capacity_of, matters, usually
from nurture.definitions import Definitions, Sales
from nurture.history import PastEvent, PastLead, Result
from nurture.nearness import nearest
from nurture.rehearsal import Rehearsal
from tests.core.stage import SEGMENTS, START, define
from tests.core.test_rehearsal import CLOSES, DAY, IDLE, MAP, SCORE

END = START + 42 * DAY
HOT = "any: [{score: total, at_least: 50}]\nnot: [{attribute: relation, is: customer}]\nqueue: other\ncool_down: 30d\n"


def under(hot: str = HOT, score: str = SCORE, journey: str = MAP, segments: str = SEGMENTS) -> Definitions:
    """A folder with this hot lead definition."""
    return define(IDLE, hot_lead=hot, score=score, journey_map=journey, segments=segments, checked=False)


def lead(
    name: str, *did: tuple[float, str, str], result: Result | None = None, closed: float | None = None, **what: Any
) -> PastLead:
    """A lead that did these so many days after START."""
    events = tuple(PastEvent(START + days * DAY, kind, subject) for days, kind, subject in sorted(did))
    return PastLead(name, what, events, START, result, START + closed * DAY if closed is not None else None)


PAST = (
    lead("won_early", (1, "requested", "demo"), result="won", closed=15),
    lead("won_late", (9, "requested", "demo"), result="won", closed=30),
    lead("lost", (8, "requested", "demo"), result="lost", closed=20),
    lead("open", (10, "requested", "demo")),
    lead("after", (25, "requested", "demo"), result="lost", closed=5),
    lead("missed", (3, "visited", "/pricing"), (4, "visited", "/pricing"), result="won", closed=10),
    lead("customer", (2, "requested", "demo"), result="won", closed=12, relation="customer"),
    lead("nothing"),
)
"""By the rule of 50 points a demo makes everybody hot at once; two visits are not enough."""


def summed(new: Definitions, old: Definitions | None = None, *past: PastLead) -> Backtest:
    """The back-test of these, else of all."""
    compared = Comparison(new, old, START, END, CLOSES)
    cases = [compared.case(each) for each in past or PAST]
    return compared.summed([each for each in cases if each is not None], len(past or PAST))


def test_crossings_are_counted_by_the_week_in_which_they_were() -> None:
    """START is a Monday: one on its second day, three on days 8, 9 and 10.

    One was lost on day 5 and cools until day 35: it crosses the night after, and its loss was before.
    """
    weeks = {each.begins: (each.hot, each.won, each.lost) for each in summed(under()).weeks if each.hot}
    assert weeks == {date(2026, 11, 2): (1, 1, 0), date(2026, 11, 9): (3, 1, 1), date(2026, 12, 7): (1, 0, 0)}


def test_rates_are_of_what_was_closed_after_the_crossing() -> None:
    """Two won and one lost of five; of all six that were closed four were won."""
    found = summed(under())
    assert (found.hot, found.leads) == (5, 8)
    assert (found.rate.hits, found.rate.of) == (2, 3)
    assert (found.base.hits, found.base.of) == (4, 6)


def test_every_won_lead_has_the_day_it_would_have_been_hot_or_what_it_lacked() -> None:
    """The missed ones stand first: one had not enough points, one is a customer today."""
    won = summed(under()).won
    assert [(each.lead, each.ahead and each.ahead / DAY) for each in won] == [
        ("missed", None), ("customer", None), ("won_early", 14), ("won_late", 21),
    ]  # fmt: skip
    missed, customer = (each.missed for each in won[:2])
    assert missed is not None
    assert customer is not None
    (lack,) = missed.lacked
    assert str(lack.condition) == "score total at least 50"
    assert round(lack.has or 0, 1) == 29.0  # 15, and 15 that have faded for a tenth of a half-life
    assert (missed.at, missed.kept_out) == (START + 4 * DAY, None)
    assert str(customer.kept_out) == "relation is customer"


def test_two_definitions_differ_by_the_leads_that_only_one_makes_hot() -> None:
    """25 points are enough for two visits; what both make hot is no difference. Without an old one there is none."""
    low = under(HOT.replace("50", "25"))
    found = summed(low, under())
    assert [(each.lead, each.result) for each in found.only_new] == [("missed", "won")]
    assert found.only_old == ()
    assert [each.lead for each in summed(under(), low).only_old] == ["missed"]
    assert (summed(low).compared, summed(low).only_new) == (False, ())


def test_a_result_without_a_day_counts_in_no_period() -> None:
    """Nobody knows whether it was won in this time, nor whether after it was hot: it is told apart."""
    undated = (lead("won", (1, "requested", "demo"), result="won"), lead("lost", result="lost"))
    found = summed(under(), None, *undated, PAST[0])
    assert ([each.lead for each in found.won], found.undated, found.hot) == (["won_early"], 2, 2)
    assert (found.rate.hits, found.rate.of, found.base.of) == (1, 1, 1)
    assert summed(under()).undated == 0


def test_of_a_won_lead_that_did_nothing_it_is_said_that_nobody_looked() -> None:
    """What it was would have been enough."""
    (won,) = summed(under("any: [{score: attributes, at_least: 20}]\nqueue: other\n"), None,
                    lead("still", result="won", closed=3, employees=100)).won  # fmt: skip
    assert won.missed is not None
    assert (won.missed.rule, won.missed.lacked) == (None, ())


def test_what_was_before_the_time_looked_at_is_walked_and_not_counted() -> None:
    """Hot three weeks before `since`, and still: it is no crossing of this time."""
    compared = Comparison(under(), None, START + 21 * DAY, END, CLOSES)
    case = compared.case(lead("early", (1, "requested", "demo"), result="won", closed=30))
    assert case is not None
    found = compared.summed([case], 1)
    assert (found.hot, [each.ahead for each in found.won]) == (0, [29 * DAY])


def test_the_nearest_rule_is_the_one_of_which_most_is_there() -> None:
    """Two of three parts are more than half of the points; what is lacking is named with how far it was."""
    parts = "{all: [{did: {visited: any}, at_least: 2}, {did: {attended: seminar}}, {score: pricing, at_least: 10}]}"
    by = Rehearsal(under(f"any: [{{score: total, at_least: 50}}, {parts}]\nqueue: other\n"), END, CLOSES)
    found = nearest(by, lead("x", (1, "visited", "/pricing"), (2, "visited", "/pricing"), (3, "visited", "/")))
    assert found is not None
    assert [str(each.condition) for each in found.lacked] == ["did attended: seminar"]
    assert nearest(by, PastLead("unknown", {})) is None


def test_capacity_is_what_reps_hold_by_how_long_a_task_is_open() -> None:
    """30 tasks, open for 10 days in the middle: 21 a week. Where none is closed yet: by `close_within`."""
    reps = [{"rep": name, "name": name, "email": f"{name}@example.com", "capacity": 15} for name in ("a", "b")]
    queues = {"inside": {"reps": ["a"], "close_within": "70d"}, "other": {"reps": ["b"]}}
    sales = Sales.model_validate({"reps": reps, "queues": queues})
    measured = capacity_of(sales, [4 * DAY, 10 * DAY, 90 * DAY], "inside")
    assert measured is not None
    assert (measured.per_week, measured.by, measured.at_least) == (21, "median", False)
    assert (measured.reps, measured.held, measured.days, measured.tasks) == (2, 30, 10, 3)
    longest = capacity_of(sales, [], "inside")
    assert longest is not None
    assert (longest.per_week, longest.at_least) == (3, True)
    assert capacity_of(sales, [], "other") is None
    assert capacity_of(None, [DAY], "inside") is None
    assert usually([timedelta(0)]) == timedelta(hours=1)


LARGE = "large: {when: {attribute: employees, at_least: 100}}\n"
IN_SEGMENTS = {
    "hot": "any: [{score: total, at_least: 50}, {phase: decision}]\nqueue: other\n",
    "score": "behaviours:\n  - {item: demo, when: {all: [{requested: demo}, {segment: large}]}, points: 50}\n",
}


@pytest.mark.parametrize(
    ("before", "changed", "expected"),
    [
        ({}, {}, False),
        ({}, {"hot": HOT.replace("50", "51")}, True),
        ({}, {"hot": HOT.replace("30d", "31d")}, True),
        ({}, {"hot": HOT.replace("other", "inside")}, False),
        ({}, {"score": SCORE.replace("points: 15", "points: 14")}, True),
        ({}, {"journey": MAP.replace("20d", "21d")}, False),  # no rule asks for a phase
        ({}, {"segments": LARGE.replace("100", "90")}, False),  # nor for a segment
        (IN_SEGMENTS, {"journey": MAP.replace("20d", "21d")}, True),
        (IN_SEGMENTS, {"segments": LARGE.replace("100", "90")}, True),
        (IN_SEGMENTS, {"segments": LARGE.replace("when:", "title: Large, when:")}, False),
    ],
)
def test_only_what_changes_who_becomes_hot_matters(
    before: dict[str, str], changed: dict[str, str], expected: bool
) -> None:
    """Rules, cool-down, points, and what they ask for through phases and segments; not the queue, nor a title."""
    first = {"segments": LARGE, **before}
    assert matters(under(**first), under(**{**first, **changed})) is expected
