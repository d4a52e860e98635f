"""The report of hot leads: every figure of a small made-up set is counted by hand, and every grouping adds up."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nurture.as_data import as_data
from nurture.backtest import Capacity
from nurture.conditions import EventPattern
from nurture.definitions import Definitions
from nurture.history import PastEvent, PastLead
from nurture.review.report import Review, Reviewing
from nurture.review.results import USUAL
from nurture.review.shortfall import Moves
from nurture.review.tasks import NONE, By, Outcomes, PastTask, TaskState
from nurture.shares import Share
from tests.core.stage import OFFICE_HOURS, START, define

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
NOW = START + 28 * DAY
"""Four weeks after Monday, the second of November, ten in the morning in Tokyo."""
SCORE = """
attributes: [{item: large, when: {attribute: employees, at_least: 100}, points: 20}]
behaviours:
  - {item: demo, when: {requested: demo}, points: 50}
  - {item: pricing, when: {visited: /pricing}, points: 10, repeat: each, cap: 30}
"""
HOT = "any: [{score: total, at_least: 50}, {did: {attended: seminar}}]\nqueue: inside\n"
MAP = """
phases:
  - {phase: research}
  - {phase: comparison, reached_when: {did: {visited: /pricing}}}
"""
SEGMENTS = "big: {when: {attribute: employees, at_least: 100}}\nseen: {when: {did: {visited: /pricing}}}\n"
SALES = """
reps: [{rep: rep_1, name: 見本 花子, email: rep1@example.com, capacity: 4},
       {rep: rep_2, name: 見本 次郎, email: rep2@example.com, capacity: 2}]
queues: {inside: {reps: [rep_1, rep_2], close_within: 14d}}
"""
ASKING = """
scenario: asking
start: ask
topic: news
enter: {event: {signed_up: news}}
steps:
  ask:
    phase: comparison
    send: letter
    wait: {until: [{requested: demo}], timeout: 3d}
    then:
      - {when: {requested: demo}, go: to_sales}
      - {otherwise: sleep}
  to_sales: {handoff: {queue: inside}, then: done}
  sleep: {finish: asleep}
  done: {finish: sold}
"""
TOTAL, SEMINAR, STEP = "score total at least 50", "did attended: seminar", "asking: to_sales"


def known() -> Definitions:
    """Definitions with everything the report asks for."""
    return define(
        ASKING, checked=False, sender=OFFICE_HOURS, segments=SEGMENTS, score=SCORE, hot_lead=HOT, journey_map=MAP,
        sales=SALES,
    )  # fmt: skip


def task(
    name: str, state: TaskState, made: timedelta, *, after: timedelta | None = None, closed: timedelta | None = None,
    **more: Any,
) -> PastTask:  # fmt: skip
    """A task of the lead of this name, made so long after START, accepted and closed so long after that."""
    at = START + made
    return PastTask(
        name, name, state, at, accepted_at=at + after if after is not None else None,
        closed_at=at + closed if closed is not None else None, **more,
    )  # fmt: skip


def lead(name: str, *did: tuple[float, str, str], **more: Any) -> PastLead:
    """A lead known since START that did these so many days after it."""
    events = tuple(PastEvent(START + days * DAY, kind, subject) for days, kind, subject in sorted(did))
    return PastLead(name, more.pop("attributes", {}), events, START, **more)


def review(
    tasks: Iterable[PastTask] = (), leads: Iterable[PastLead] = (), moves: Iterable[Moves] = (), *,
    by: Sequence[By] = USUAL, capacity: Capacity | None = None, definitions: Definitions | None = None,
) -> Review:  # fmt: skip
    """The report of the four weeks up to NOW."""
    reviewing = Reviewing(definitions or known(), tasks, START, NOW)
    for each in leads:
        reviewing.add(each)
    return reviewing.review(moves, by=by, capacity=capacity)


TASKS = (
    task("a", "won", DAY, after=HOUR, closed=2 * DAY, rep="rep_1", scenario="asking", step="to_sales", amount=300,
         reasons=(STEP, f"hot: {TOTAL}"), score=70.0, steps=3),
    task("b", "lost", DAY, after=6 * HOUR, closed=4 * DAY, rep="rep_1", reasons=(f"hot: {TOTAL}", f"hot: {SEMINAR}")),
    task("c", "returned", 8 * DAY, closed=DAY, rep="rep_2", reasons=(f"hot: {SEMINAR}",), reason="予算 なし。"),
    task("d", "returned", 9 * DAY, closed=DAY, rep="rep_2", reasons=("replied: news",), reason="予算なし"),
    task("e", "expired", 10 * DAY, closed=14 * DAY, rep="rep_2", reasons=()),
    task("f", "open", 20 * DAY, rep="rep_1", reasons=(f"hot: {TOTAL}",)),
    task("g", "accepted", 21 * DAY, after=2 * HOUR, rep="rep_1", reasons=(f"hot: {TOTAL}",)),
)  # fmt: skip
LEADS = (
    lead("a", (0.5, "visited", "/pricing"), (0.9, "requested", "demo"), (5, "attended", "seminar"),
         attributes={"employees": 200}, result="won", closed_at=START + 3 * DAY, handed_over=True),
    lead("b", (0.8, "attended", "seminar"), result="lost", closed_at=START + 5 * DAY, handed_over=True),
    lead("z", (2, "visited", "/pricing"), (3, "visited", "/pricing")),
)  # fmt: skip


def test_how_hot_leads_got_there() -> None:
    """Three by the total, two by the seminar, one by a step, one by a letter; the last deed before the task counts."""
    paths = review(TASKS, LEADS).paths
    rules = {each.name: (each.outcomes.tasks, each.outcomes.won) for each in paths.rules.groups}
    assert rules == {TOTAL: (4, 1), SEMINAR: (2, 0), STEP: (1, 1), "replied": (1, 0), NONE: (1, 0)}
    assert [(each.name, each.outcomes.tasks, each.steps) for each in paths.scenarios.groups] == [
        (NONE, 6, None), ("asking", 1, 3.0)
    ]  # fmt: skip
    assert {each.name: each.outcomes.tasks for each in paths.last.groups} == {
        "requested: demo": 1, "attended: seminar": 1, NONE: 5
    }  # fmt: skip
    assert {each.name: each.outcomes.tasks for each in paths.phases.groups} == {"comparison": 1, "research": 1, NONE: 5}
    assert (paths.to_hot, paths.verdict) == (DAY, "too_few")


def test_whether_the_time_was_right() -> None:
    """One, two and six open hours, two given back after a day; one waits still, and one nobody has called."""
    timing = review(TASKS, LEADS).timing
    assert timing.to_call.number == 5
    assert (timing.to_call.quarter, timing.to_call.middle) == (2 * HOUR, 6 * HOUR)
    assert {each.name: each.outcomes.tasks for each in timing.speeds} == {"1h": 1, "4h": 1, "1bd": 3, "never": 1}
    assert (timing.called, timing.expired) == (Share(5, 6), Share(1, 5))
    assert (timing.to_win.middle, timing.open_day) == (2 * DAY, 9 * HOUR)


def test_a_task_made_at_night_has_waited_from_the_morning_on() -> None:
    """Made at eight in the evening, accepted at half past nine the next day: half an hour."""
    night = task("n", "accepted", 10 * HOUR, after=13.5 * HOUR)
    assert review([night]).timing.to_call.middle == HOUR / 2


def test_a_task_that_was_accepted_after_the_time_has_waited_until_then() -> None:
    """Made on the last Friday of it, accepted two weeks later: ten days of nine open hours."""
    late = task("late", "won", 25 * DAY, after=14 * DAY, closed=16 * DAY)
    timing = review([late]).timing
    assert timing.to_call.middle == 90 * HOUR
    assert {each.name: each.outcomes.tasks for each in timing.speeds} == {"later": 1}


def test_what_became_of_them() -> None:
    """All, and by each thing; the time before is another."""
    earlier = task("old", "won", -3 * DAY, closed=DAY)
    results = review([*TASKS, earlier], LEADS).results
    assert results.all == Outcomes(open=2, won=1, lost=1, returned=2, expired=1, amount=300)
    assert (results.all.won_rate, results.all.returned_rate) == (Share(1, 2), Share(2, 5))
    assert (results.before, results.verdict) == (Outcomes(won=1), "too_few")
    found = {each.by: {group.name: group.outcomes.tasks for group in each.groups} for each in results.by}
    assert found["rep"] == {"rep_1": 4, "rep_2": 3}
    assert found["segment"] == {"big": 1, "seen": 1, NONE: 6}
    assert found["month"] == {"2026-11": 7}


def test_why_tasks_were_given_back() -> None:
    """The same words are the same reason, whatever their blanks and dots."""
    quality = review(TASKS, LEADS).quality
    assert [(each.text, each.share) for each in quality.reasons] == [("予算 なし。", Share(2, 2))]
    assert {each.name: each.outcomes.tasks for each in quality.bands} == {"0–10": 1, "70–80": 1, "(unknown)": 5}


def test_whether_the_number_was_right() -> None:
    """Seven in four weeks; six can be held, each for two days in the middle (2, 4, 1, 1 and 14 days): 21 a week."""
    number = review(TASKS, LEADS).number
    assert (number.per_week, number.closed_per_week) == (1.75, 1.25)
    assert number.limit is not None
    assert (number.limit.per_week, number.limit.by, number.over) == (21.0, "median", 0)
    assert [(each.made, each.closed) for each in number.weeks] == [(2, 2), (3, 2), (1, 0), (1, 1), (0, 0)]
    loads = {each.rep: (each.capacity, each.holds, each.closed_per_week) for each in number.reps}
    assert loads == {"rep_1": (4, 2, 0.5), "rep_2": (2, 0, 0.75)}
    assert (number.verdict, [each.what for each in number.advice]) == ("weak", ["too_few_hot"])


@pytest.mark.parametrize(
    ("capacity", "verdict", "words"), [(1.0, "weak", ["too_many"]), (1.75, "good", []), (2.4, "good", [])]
)
def test_the_number_is_judged_by_what_sales_can_take(capacity: float, verdict: str, words: list[str]) -> None:
    """1.75 a week against one, as many, and a few more."""
    number = review(TASKS, LEADS, capacity=Capacity(capacity)).number
    assert (number.verdict, [each.what for each in number.advice]) == (verdict, words)


def test_other_thresholds_count_every_lead_and_know_results_of_those_sales_had() -> None:
    """One rises to 80, one to 20, one has none: at 50 a single one, at 20 two of which one was won."""
    found = review(TASKS, LEADS, capacity=Capacity(0.3)).thresholds
    at = {each.total: (each.hot, each.won, each.fits) for each in found.steps}
    assert (at[50], at[20], at[80]) == ((1, Share(1, 1), True), (2, Share(1, 1), False), (1, Share(1, 1), True))
    assert (found.now, found.recommended) == (50, 50)
    assert found.unseen == Share(0, 1)


def climbing(number: int, points: int, won: int, decided: int) -> list[PastLead]:
    """Leads that rise to 10, 20 or 30 points or, with a demo, to 50 more; the first `decided` have a result."""
    several = []
    for index in range(number):
        did = [(1 + index % 20 + part / 10, "visited", "/pricing") for part in range(points % 50 // 10)]
        did += [(2 + index % 20, "requested", "demo")] if points >= 50 else []
        told: dict[str, Any] = {}
        if index < decided:
            told = {"result": "won" if index < won else "lost", "closed_at": NOW - HOUR, "handed_over": True}
        several.append(lead(f"{points}_{index}", *did, **told))
    return several


@pytest.mark.parametrize(
    ("limit", "below_won", "below_decided", "recommended", "word"),
    [
        (10, 0, 0, 50, "keep"),            # all between would be 30 a week: too many
        (40, 0, 0, 10, "lower_by_lot"),    # sales can take all, and nobody knows what they are worth
        (40, 30, 40, 10, "lower"),         # they are worth as much
        (40, 1, 40, 50, "keep"),           # they are not
        (5, 0, 0, 60, "raise"),
    ],
)  # fmt: skip
def test_a_threshold_is_recommended_by_capacity_and_by_who_was_won(
    limit: float, below_won: int, below_decided: int, recommended: int, word: str
) -> None:
    """Ten a week reach 50 (a fifth of them 60), of 40 with a result 30 were won; eighty more only reach 10."""
    past = [*climbing(24, 50, 18, 24), *climbing(16, 60, 12, 16), *climbing(80, 10, below_won, below_decided)]
    idle = [lead(f"idle_{number}") for number in range(130)]  # else it would be more than half of all
    found = review((), [*past, *idle], capacity=Capacity(limit)).thresholds
    assert (found.recommended, [each.what for each in found.advice]) == (recommended, [word])


def moved(*told: tuple[str, str, str | None, str | None, int]) -> list[Moves]:
    """Moves of the scenario `asking`."""
    return [Moves("asking", *each) for each in told]


MOVES = moved(
    ("ask", "arrived", None, None, 130), ("ask", "timeout", None, None, 90),
    ("ask", "reaction", "sleep", "otherwise", 90),
    ("ask", "reaction", "to_sales", "requested: demo", 3), ("ask", "finished", "unsubscribed", None, 5),
    ("ask", "finished", "hot", None, 2), ("sleep", "finished", "asleep", None, 90),
    ("sleep", "arrived", None, None, 90), ("to_sales", "arrived", None, None, 3), ("done", "finished", "sold", None, 1),
)  # fmt: skip


def test_where_leads_are_lost() -> None:
    """Of 100 that left the step that asks 95 ended: 90 in silence, 5 by unsubscribing; 30 stand there still."""
    found = review((), LEADS, MOVES).shortfall
    first = found.steps[0]
    assert (first.step, first.arrived, first.lost, first.silent) == ("ask", 130, Share(95, 100), Share(90, 100))
    assert first.ended == (("asleep", 90), ("unsubscribed", 5))
    assert {each.step: each.lost.hits for each in found.steps} == {"ask": 95, "sleep": 0, "to_sales": 0}
    assert found.advice[0].names == ("asking/ask", "asleep")


def test_a_step_that_asks_too_much_too_early_is_named_with_what_its_leads_do_instead() -> None:
    """Three of a hundred request a demo; nearly all in comparison look at customers' stories."""
    doing = [lead(f"l{number}", (1, "visited", "/pricing"), (2, "visited", "/cases/a")) for number in range(30)]
    (asked,) = review((), doing, MOVES).shortfall.asked_early
    assert (asked.step, asked.action, asked.did) == (
        "ask",
        EventPattern(type="requested", subject="demo"),
        Share(3, 100),
    )
    assert (asked.rather_did, str(asked.rather)[:9]) == (Share(30, 30), "visited: ")


@pytest.mark.parametrize(
    ("reason", "counts"),
    [
        ("requested: demo", True),
        ("(opened and requested: demo)", True),
        ("did requested: demo within 7d", True),
        ("did requested: demo, at least 2 times", True),
        ("requested: demo/online", True),
        ("requested: demo_online", False),
        ("requested: demo-online", False),
        ("(opened or requested: demos)", False),
        ("pre_requested: demo", False),
        ("not requested: demo", False),
    ],
)
def test_a_reaction_counts_as_what_is_asked_for_where_it_names_just_that(reason: str, *, counts: bool) -> None:
    """Not where its name begins another."""
    doing = [lead(f"l{number}", (1, "visited", "/pricing"), (2, "visited", "/cases/a")) for number in range(30)]
    more = moved(("ask", "reaction", "elsewhere", reason, 1))
    (asked,) = review((), doing, [*MOVES, *more]).shortfall.asked_early
    assert asked.did == Share(4 if counts else 3, 101)


def test_what_winners_do_and_nothing_catches_is_named() -> None:
    """Stories of customers: all 20 won, no other; prices, demos and the seminar give points or are in a rule."""
    done = ((1, "visited", "/cases/a"), (1, "visited", "/pricing"), (1, "attended", "seminar"), (1, "opened", "t"))
    won = [
        lead(f"w{number}", *done, (26, "visited", "/late"), result="won", closed_at=START + 25 * DAY)
        for number in range(20)
    ]
    others = [lead(f"o{number}", (1, "opened", "t")) for number in range(20)]
    found = review((), [*won, *others]).shortfall.uncaught
    assert [(str(each.action), each.won, each.others) for each in found] == [
        ("visited: /cases", Share(20, 20), Share(0, 20))
    ]  # fmt: skip


def test_how_many_more_are_needed_is_said_with_a_day() -> None:
    """No task, none decided, two of twenty: at half a one a week 36 weeks more."""
    assert review().pace.state == "no_tasks"
    none = review([task("x", "open", DAY)]).pace
    assert (none.state, none.needed, none.until) == ("none_decided", 20, None)
    pace = review(TASKS, LEADS).pace
    assert (pace.state, pace.decided, pace.needed, pace.per_week) == ("too_few", 2, 18, 0.5)
    assert pace.until == NOW + 36 * 7 * DAY


def test_enough_tasks_have_verdicts_and_advice() -> None:
    """Thirty by the total of which 27 were won, soon; thirty by the seminar of which three were, late."""
    good = [
        task(
            f"g{n}",
            "won" if n < 27 else "lost",
            n * HOUR,
            after=HOUR,
            closed=DAY * 3,
            reasons=(f"hot: {TOTAL}",),
            score=80,
        )
        for n in range(30)
    ]
    bad = [
        task(
            f"b{n}",
            "won" if n < 3 else "lost",
            n * HOUR,
            after=DAY * 3,
            closed=DAY * 5,
            reasons=(f"hot: {SEMINAR}",),
            score=9,
        )
        for n in range(30)
    ]
    given_back = [task(f"r{n}", "returned", n * HOUR, closed=DAY) for n in range(30)]
    found = review([*good, *bad, *given_back])
    assert (found.pace.state, found.paths.verdict) == ("enough", "weak")
    assert [(each.what, each.names) for each in found.paths.advice] == [
        ("tighten_rule", (SEMINAR,)), ("more_of", (TOTAL,))
    ]  # fmt: skip
    assert [each.what for each in found.timing.advice] == ["accept_sooner"]
    assert (found.quality.verdict, found.quality.rises) == ("weak", "good")
    assert [each.what for each in found.quality.advice] == ["returned_often", "ask_reasons"]


STATES: tuple[TaskState, ...] = ("open", "accepted", "won", "lost", "returned", "expired")
_REASONS = st.lists(st.sampled_from([STEP, f"hot: {TOTAL}", f"hot: {SEMINAR}", "replied: x", "a note"]), max_size=3)


@st.composite
def some_tasks(draw: st.DrawFn) -> list[PastTask]:
    """Tasks of any kind, at most two of a lead."""
    several = []
    for number in range(draw(st.integers(0, 25))):
        made = START + draw(st.integers(0, 28 * 24 - 1)) * HOUR
        state = draw(st.sampled_from(STATES))
        accepted = made + draw(st.integers(0, 90)) * HOUR if draw(st.booleans()) or state == "accepted" else None
        closed = (accepted or made) + draw(st.integers(0, 400)) * HOUR if state not in ("open", "accepted") else None
        several.append(
            PastTask(
                f"t{number}", f"l{number // 2}", state, made, draw(st.sampled_from([None, "rep_1", "gone"])),
                draw(st.sampled_from([None, "asking"])), "to_sales", tuple(draw(_REASONS)),
                draw(st.one_of(st.none(), st.floats(-20, 300))), accepted, closed,
                draw(st.one_of(st.none(), st.just(7))), draw(st.sampled_from([None, "予算", "timing"])),
            )
        )  # fmt: skip
    return several


def added(groups: Iterable[Any]) -> Outcomes:
    """All groups together."""
    counts = [each.outcomes for each in groups]
    names = ("open", "won", "lost", "returned", "expired", "amount")
    return Outcomes(**{name: sum(getattr(each, name) for each in counts) for name in names})


@settings(max_examples=80, deadline=None)
@given(tasks=some_tasks())
def test_counts_add_up_by_every_grouping(tasks: list[PastTask]) -> None:
    """Where a task is in one group only, the groups are all tasks; where it may be in several, none is left out."""
    leads = [lead(f"l{number}", (1, "visited", "/pricing")) for number in range(5)]
    found = review(tasks, leads, by=("scenario", "segment", "rule", "rep", "week", "month"))
    total = found.results.all
    assert total.tasks == len(tasks)
    for each in found.results.by:
        if each.overlapping:
            assert added(each.groups).tasks >= total.tasks
            assert all(group.outcomes.tasks <= total.tasks for group in each.groups)
        else:
            assert added(each.groups) == total, each.by
    for groups in (found.paths.last.groups, found.paths.phases.groups, found.quality.bands):
        assert added(groups) == total
    assert added(found.timing.speeds).tasks == found.timing.called.of
    assert sum(each.made for each in found.number.weeks) == total.tasks
    assert added(found.number.reps) == total
    assert sum(each.share.hits for each in found.quality.reasons) == total.returned
    assert as_data(found)["results"]["all"]["tasks"] == total.tasks


def test_as_data_it_has_intervals_dates_and_spans_in_days() -> None:
    """What a program reads."""
    data = as_data(review(TASKS, LEADS))
    assert data["results"]["all"]["won_rate"]["hits"] == 1
    assert data["number"]["weeks"][0]["begins"] == "2026-11-02"
    assert data["timing"]["to_win"]["middle"] == 2
    assert data["since"] == datetime(2026, 11, 2, 1, tzinfo=UTC).isoformat()
