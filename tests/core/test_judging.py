"""When a condition holds, for each kind of condition."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from nurture.conditions import AnyCondition, Condition
from nurture.definitions import Definitions, Segment
from nurture.entries import Happening
from nurture.facts import Facts, keeps
from nurture.judging import Place, Situation, judge
from tests.core.stage import START, later

CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(Condition)
SEGMENTS = Definitions(
    segments={
        "big": Segment.model_validate({"when": {"attribute": "employees", "at_least": 100}}),
        "active": Segment.model_validate({"when": {"did": "any", "within": "30d"}}),
        "big_and_active": Segment.model_validate({"when": {"all": [{"segment": "big"}, {"segment": "active"}]}}),
    }
)


def holds(written: Any, *, place: Place = "visit", **known: Any) -> bool:
    """Judge a condition as people write it."""
    condition = CONDITION.validate_python(written)
    facts = Facts(keeps=keeps([condition]) | {"any": 1})
    for kind, subject, at in known.pop("did", ()):
        facts.note(kind, subject, None, at)
    given: dict[str, Any] = {"now": START, "attributes": {}, "seen": {}, **known}
    return judge(condition, SEGMENTS, place)(Situation(facts=facts, **given))


def event(kind: str, subject: str = "") -> Happening:
    """An entry being applied."""
    return Happening(seq=1, at=START, received_at=START, deployment=1, id="e", type=kind, subject=subject)


# --- events ---------------------------------------------------------------------------------------------------------


def test_a_bare_event_of_a_step_is_one_of_this_visit() -> None:
    """It is looked up in what the visit has seen, under the words it was written with."""
    assert holds({"signed_up": "seminar"}, seen={"signed_up: seminar": START})
    assert not holds({"signed_up": "seminar"}, seen={"signed_up": START})
    assert holds("opened", seen={"opened": START})


@pytest.mark.parametrize(
    ("written", "entry", "own", "expected"),
    [
        ({"requested": "demo"}, event("requested", "demo"), False, True),
        ({"requested": "demo"}, event("requested", "demo/today"), False, True),
        ({"requested": "demo"}, event("requested", "demonstration"), False, False),
        ({"requested": "any"}, event("requested", "x"), False, True),
        ("requested", event("requested", "x"), False, True),
        ("requested", event("visited", "x"), False, False),
        ("requested", None, False, False),
        ("opened", event("opened", "mail_a"), True, True),
        ("opened", event("opened", "mail_a"), False, False),
        ("opened", event("clicked", "mail_a"), True, True),
        ("clicked", event("opened", "mail_a"), True, False),
        ({"opened": "mail_a"}, event("replied", "mail_a"), False, True),
        ({"opened": "mail_b"}, event("opened", "mail_a"), False, False),
    ],
)
def test_a_bare_event_of_leave_and_anywhere_is_the_entry_being_applied(
    written: Any, entry: Happening | None, own: bool, expected: bool
) -> None:
    """Its subject is a path; a bare mail event means the mail of this visit; a click is an open."""
    assert holds(written, place="entry", entry=entry, own=own) == expected


def test_a_bare_event_where_none_can_be_meant_is_never_true() -> None:
    """In segments and the hot lead the check refuses it; judged, it is false."""
    assert not holds("visited", place="nowhere", seen={"visited": START}, entry=event("visited"))


def test_did_looks_at_any_time_and_within_looks_back_from_now() -> None:
    """The edge of the span counts."""
    written = {"did": {"attended": "seminar"}, "within": "30d"}
    assert holds(written, did=[("attended", "seminar/1", START - timedelta(days=30))])
    assert not holds(written, did=[("attended", "seminar/1", START - timedelta(days=30, seconds=1))])
    assert holds({"did": {"attended": "seminar"}}, did=[("attended", "seminar", START - timedelta(days=3000))])
    assert not holds({"did": {"attended": "seminar"}}, did=[("attended", "webinar", START)])


def test_did_counts_up_to_its_number() -> None:
    """`at_least: 2` needs two of them within the span."""
    written = {"did": "visited", "within": "7d", "at_least": 2}
    assert not holds(written, did=[("visited", "/a", START), ("visited", "/a", later("-8d"))])
    assert holds(written, did=[("visited", "/a", START), ("visited", "/b", later("-7d"))])


def test_did_any_is_any_human_event() -> None:
    """A delivery is none."""
    assert holds({"did": "any"}, did=[("visited", "/a", START)])
    assert not holds({"did": "any"}, did=[("delivered", "mail_a", START)])


# --- attributes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("test", "value", "expected"),
    [
        ({"at_least": 50}, 50, True),
        ({"at_least": 50}, 49.9, False),
        ({"at_least": 50, "at_most": 100}, 100, True),
        ({"at_least": 50, "at_most": 100}, 101, False),
        ({"at_least": 0}, True, False),
        ({"at_least": 0}, "7", False),
        ({"at_least": 0}, None, False),
        ({"is": "prospect"}, "prospect", True),
        ({"is": "prospect"}, "customer", False),
        ({"is": True}, True, True),
        ({"is": True}, 1, False),
        ({"is": 1}, True, False),
        ({"is": 1}, 1.0, True),
        ({"in": ["a", "b"]}, "b", True),
        ({"in": ["a", "b"]}, "c", False),
        ({"contains": "vip"}, ["known", "vip"], True),
        ({"contains": "vip"}, ["known"], False),
        ({"contains": "東京"}, "東京都例示区", True),
        ({"contains": 1}, [True], False),
        ({"contains": "7"}, 7, False),
        ({"known": True}, "x", True),
        ({"known": True}, 0, True),
        ({"known": True}, False, True),
        ({"known": True}, "", False),
        ({"known": True}, [], False),
        ({"known": False}, None, True),
        ({"known": False}, "", True),
        ({"known": False}, "x", False),
        ({"before": "2026-12-01"}, "2026-11-30", True),
        ({"before": "2026-12-01"}, "2026-12-01", False),
        ({"after": "2026-12-01"}, "2026-12-02T08:00:00+09:00", True),
        ({"after": "2026-12-01"}, "soon", False),
        ({"after": "2026-12-01", "before": "2026-12-31"}, "2027-01-01", False),
    ],
)
def test_an_attribute_passes_every_test_written(test: dict[str, Any], value: Any, expected: bool) -> None:
    """Unknown is never true, except for `known: false`; true is not 1."""
    assert holds({"attribute": "x", **test}, attributes={"x": value}) == expected


def test_an_attribute_nobody_knows_is_unknown() -> None:
    """Absent and empty are the same."""
    assert not holds({"attribute": "x", "is": "a"})
    assert holds({"attribute": "x", "known": False})
    assert holds({"not": {"attribute": "x", "is": "a"}})


# --- the rest -------------------------------------------------------------------------------------------------------


def test_a_segment_is_judged_under_the_current_definitions() -> None:
    """Segments may be made of segments; one that does not exist holds nobody."""
    known: dict[str, Any] = {"attributes": {"employees": 200}}
    assert holds({"segment": "big"}, **known)
    assert not holds({"segment": "big_and_active"}, **known)
    assert holds({"segment": "big_and_active"}, did=[("visited", "/a", START)], **known)
    assert not holds({"segment": "nobody"}, **known)


def test_all_any_and_not_combine() -> None:
    """`not` of a list means none of them."""
    big, small = {"attribute": "n", "at_least": 10}, {"attribute": "n", "at_most": 5}
    for n, both, one, none in ((20, False, True, False), (7, False, False, True), (3, False, True, False)):
        known: dict[str, Any] = {"attributes": {"n": n}}
        assert holds({"all": [big, small]}, **known) == both
        assert holds({"any": [big, small]}, **known) == one
        assert holds({"not": [big, small]}, **known) == none
    assert holds({"not": big}, attributes={"n": 1})


@pytest.mark.parametrize(("written", "expected"), [("won", True), (["won", "lost"], True), ("returned", False)])
def test_an_outcome_holds_in_the_reactions_of_its_step_and_nowhere_else(written: Any, expected: bool) -> None:
    """A word or a list of words."""
    assert holds({"outcome": written}, outcome="won") == expected
    assert not holds({"outcome": written}, place="entry", outcome="won")
    assert not holds({"outcome": written}, outcome=None)
