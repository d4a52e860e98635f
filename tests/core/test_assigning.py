"""Who gets a sales task: never somebody who left, never beyond capacity unless the rules say so, always the same."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nurture.assigning import Load, assign, plain_company, with_one_more
from nurture.definitions import Definitions, Sales, Sender
from nurture.working_hours import at_work, next_change

MONDAY = datetime(2026, 11, 2, 3, 0, tzinfo=UTC)
"""Noon in Tokyo."""
NIGHT = datetime(2026, 11, 2, 13, 0, tzinfo=UTC)
REPS = ("a", "b", "c", "d")


def rep(name: str, **said: Any) -> dict[str, Any]:
    """A rep of sales.yaml."""
    return {"rep": name, "name": name, "email": f"{name}@example.com", **said}


def desk(*reps: dict[str, Any], **queue: Any) -> Definitions:
    """One queue of these reps, and office hours in Tokyo."""
    rules = {"reps": [each["rep"] for each in reps if each["rep"] != "boss"], **queue}
    return Definitions(
        sales=Sales.model_validate({"reps": list(reps), "queues": {"inside": rules}}),
        sender=Sender.model_validate({
            "legal_name": "例示", "postal_address": "東京都", "contact": "a@example.com",
            "from": {"name": "例示", "email": "a@example.com"}, "time_zone": "Asia/Tokyo",
            "window": {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"},
            "closed": ["2026-11-05"],
        }),
    )  # fmt: skip


def test_by_default_the_rep_with_the_most_room_gets_it_at_any_hour() -> None:
    """The first of equals; also beyond capacity, and at night."""
    there = desk(rep("a", capacity=2), rep("b", capacity=2))
    assert assign("inside", there, {}, NIGHT).rep == "a"
    assert assign("inside", there, {"a": Load(1)}, NIGHT).rep == "b"
    assert assign("inside", there, {"a": Load(3), "b": Load(4)}, NIGHT).rep == "a"


def test_nobody_who_left_gets_anything() -> None:
    """The others do; with nobody left the fallback does, and without one it waits."""
    gone = rep("a", active=False)
    assert assign("inside", desk(gone, rep("b", capacity=0)), {}, MONDAY).rep == "b"
    fell = assign("inside", desk(gone, rep("boss"), fallback="boss"), {}, MONDAY)
    assert (fell.rep, fell.fallback) == ("boss", True)
    waits = assign("inside", desk(gone, rep("boss", active=False), fallback="boss"), {}, MONDAY)
    assert (waits.rep, waits.waits_for) == (None, "rep")
    assert waits.why is not None
    assert "nobody of it is active" in waits.why


def test_a_task_waits_for_what_its_queue_names() -> None:
    """For room, for hours, or for both; who is away with room does not count while hours are waited for."""
    full = {"a": Load(1), "b": Load(1)}
    reps = (rep("a", capacity=1), rep("b", capacity=1))
    waits = assign("inside", desk(*reps, wait_for=["capacity"]), full, MONDAY)
    assert (waits.rep, waits.waits_for) == (None, "capacity")
    assert assign("inside", desk(*reps, wait_for=["capacity"]), {"a": Load(1)}, NIGHT).rep == "b"
    waits = assign("inside", desk(*reps, wait_for=["hours"]), {}, NIGHT)
    assert (waits.rep, waits.waits_for) == (None, "hours")
    assert assign("inside", desk(*reps, wait_for=["hours"]), full, MONDAY).rep == "a"
    both = desk(*reps, wait_for=["capacity", "hours"])
    assert assign("inside", both, {"a": Load(1)}, MONDAY).rep == "b"
    assert assign("inside", both, full, MONDAY).waits_for == "capacity"
    assert assign("inside", both, {}, NIGHT).waits_for == "hours"


def test_somebody_at_work_comes_before_somebody_who_is_not() -> None:
    """Also where nothing is waited for; room comes before hours."""
    off = rep("a", capacity=9, days_off=["2026-11-01..2026-11-03"])
    assert assign("inside", desk(off, rep("b", capacity=2)), {}, MONDAY).rep == "b"
    assert assign("inside", desk(off, rep("b", capacity=2)), {"b": Load(2)}, MONDAY).rep == "a"


def test_the_lead_is_spoken_to_in_its_language() -> None:
    """Whoever names none speaks all; where nobody does, the fallback gets it, else anybody, who is told why."""
    japanese, english = rep("a", languages=["ja"]), rep("b", languages=["en-GB"], capacity=1)
    there = desk(japanese, english)
    assert assign("inside", there, {}, MONDAY, language="en").rep == "b"
    assert assign("inside", there, {}, MONDAY, language="ja-JP").rep == "a"
    strange = assign("inside", there, {}, MONDAY, language="de")
    assert (strange.rep, strange.why) == ("a", "nobody of inside speaks de")
    assert assign("inside", desk(japanese, rep("boss"), fallback="boss"), {}, MONDAY, language="de").fallback


def test_a_company_is_talked_with_by_one_rep() -> None:
    """The newest who has an open task of it, while they have room; only where the queue says so."""
    there = desk(rep("a", capacity=2), rep("b", capacity=9), keep_companies=True, wait_for=["capacity"])
    kept = assign("inside", there, {"a": Load(1)}, MONDAY, company_reps=["b", "a"])
    assert (kept.rep, kept.why) == ("a", "a has an open task of this company")
    other = assign("inside", there, {"a": Load(2)}, MONDAY, company_reps=["a"])
    assert other.rep == "b"
    assert other.why == "a has an open task of this company, but cannot take it now"
    assert assign("inside", desk(rep("a"), rep("b", capacity=99)), {}, MONDAY, company_reps=["a"]).rep == "b"
    assert plain_company("（株）例示 商事") == plain_company("(株)例示商事")


def test_in_turn_each_gets_a_share_like_the_room_they_have() -> None:
    """Closed at once, three in four go to who can hold three times as many; by `most_room` all would."""
    turns = desk(rep("a", capacity=30), rep("b", capacity=10), share="in_turn")
    given: Counter[str] = Counter()
    for _ in range(400):
        loads = {name: Load(0, number) for name, number in given.items()}
        chosen = assign("inside", turns, loads, MONDAY).rep
        assert chosen is not None
        given[chosen] += 1
    assert given == {"a": 300, "b": 100}


@st.composite
def desks(draw: st.DrawFn) -> tuple[Definitions, dict[str, Load], datetime]:
    """Any rules, any loads, any hour of a fortnight."""
    reps = [
        rep(
            name, capacity=draw(st.integers(0, 4)), active=draw(st.booleans()),
            languages=draw(st.lists(st.sampled_from(["ja", "en"]), unique=True)),
        )
        for name in REPS
    ]  # fmt: skip
    queue = {
        "reps": draw(st.lists(st.sampled_from(REPS), min_size=1, unique=True)),
        "fallback": draw(st.none() | st.sampled_from(REPS)),
        "share": draw(st.sampled_from(["most_room", "in_turn"])),
        "wait_for": draw(st.lists(st.sampled_from(["capacity", "hours"]), unique=True)),
        "keep_companies": draw(st.booleans()),
    }
    loads = {name: Load(draw(st.integers(0, 5)), draw(st.integers(0, 5))) for name in REPS}
    now = MONDAY.replace(day=draw(st.integers(1, 14)), hour=draw(st.integers(0, 23)))
    return desk(*reps, **queue), loads, now


@given(desks(), st.sampled_from([None, "ja", "en", "de"]), st.lists(st.sampled_from(REPS)))
def test_nobody_gets_what_the_rules_forbid(
    drawn: tuple[Definitions, dict[str, Load], datetime], language: str | None, known: list[str]
) -> None:
    """Never an inactive rep; never above capacity or off work where that is waited for, unless it is the fallback."""
    there, loads, now = drawn
    made = assign("inside", there, loads, now, language=language, company_reps=known)
    assert made == assign("inside", there, dict(reversed(loads.items())), now, language=language, company_reps=known)
    assert there.sales is not None
    rules = there.sales.queues["inside"]
    chosen = there.sales.rep(made.rep)
    if chosen is None:
        assert made.waits_for is not None
        assert made.why
        assert made.waits_for == "rep" or made.waits_for in rules.wait_for
        return
    assert chosen.active
    if made.fallback:
        assert chosen.rep == rules.fallback
        return
    assert chosen.rep in rules.reps
    if "capacity" in rules.wait_for:
        assert loads[chosen.rep].open < chosen.capacity
    if "hours" in rules.wait_for:
        assert at_work(chosen, now, there)
    after = with_one_more(loads, chosen.rep)[chosen.rep]
    assert (after.open, after.given) == (loads[chosen.rep].open + 1, loads[chosen.rep].given + 1)


@pytest.mark.parametrize(
    ("now", "works", "changes"),
    [
        ("2026-11-02T03:00", True, "2026-11-02T09:00"),
        ("2026-11-02T09:00", False, "2026-11-03T00:00"),
        ("2026-11-04T09:00", False, "2026-11-06T00:00"),  # the company is closed on Thursday
        ("2026-11-06T10:00", False, "2026-11-09T00:00"),
    ],
)
def test_a_rep_without_hours_keeps_those_of_the_sender(now: str, works: bool, changes: str) -> None:
    """Days, hours and closures, in the sender's zone."""
    there = desk(rep("a"))
    assert there.sales is not None
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert at_work(there.sales.reps[0], at, there) is works
    assert next_change(there.sales.reps[0], at, there) == datetime.fromisoformat(changes).replace(tzinfo=UTC)


def test_a_rep_works_in_hours_and_a_zone_of_their_own() -> None:
    """On a Saturday in Berlin; around the clock it changes at a holiday only; whoever is always off never changes."""
    own = {"days": ["sat"], "from": "20:00", "to": "24:00"}
    there = desk(rep("a", hours=own, time_zone="Europe/Berlin"))
    assert there.sales is not None
    late = datetime(2026, 11, 7, 22, 30, tzinfo=UTC)
    assert at_work(there.sales.reps[0], late, there)
    assert next_change(there.sales.reps[0], late, there) == datetime(2026, 11, 7, 23, 0, tzinfo=UTC)
    around = {"days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"}
    there = desk(rep("a", hours=around), rep("b", days_off=["2020-01-01..2040-01-01"]))
    assert there.sales is not None
    assert next_change(there.sales.reps[0], MONDAY, there) == datetime(2026, 11, 4, 15, 0, tzinfo=UTC)
    assert next_change(there.sales.reps[1], MONDAY, there) is None
