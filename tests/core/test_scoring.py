"""Points for what a lead is and did: repeats, caps, fading; a function of model, attributes, facts and now."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from nurture import scoring
from nurture.definitions import Definitions, Score
from nurture.facts import gathered
from nurture.judging import Situation
from nurture.scoring import Points, Scorer
from tests.core.stage import START

DAY = timedelta(days=1)
Did = tuple[int, str, str]
"""So many days before START, a type and a subject."""


def situation(model: Definitions, did: tuple[Did, ...], attributes: dict[str, Any], now: datetime) -> Situation:
    """A lead that did these."""
    told = sorted((START - days * DAY, kind, subject) for days, kind, subject in did)
    facts = gathered(scoring.wanted(model.score), [(kind, subject, None, at) for at, kind, subject in told])
    return Situation(now=now, attributes=attributes, facts=facts, seen={})


def points(*behaviours: dict[str, Any], did: tuple[Did, ...] = (), now: datetime = START, **attributes: Any) -> Points:
    """The score under a model of these behaviour items and two attribute items."""
    model = Definitions(
        score=Score.model_validate(
            {
                "attributes": [
                    {"item": "large", "when": {"attribute": "employees", "at_least": 100}, "points": 15},
                    {"item": "rival", "when": {"attribute": "relation", "is": "competitor"}, "points": -50},
                ],
                "behaviours": behaviours,
            }
        )
    )
    return Scorer(model)(situation(model, did, attributes, now))


DEMO = {"item": "demo", "when": {"requested": "demo"}, "points": 50}
PRICING = {
    "item": "pricing", "when": {"visited": "/pricing"}, "points": 15, "repeat": "each", "cap": 40,
    "fades": {"half_life": "30d"},
}  # fmt: skip
SEMINAR = {"item": "seminar", "when": {"attended": "seminar"}, "points": 10, "repeat": "each_subject", "cap": 30}


def test_attributes_count_once_and_may_count_against() -> None:
    """Large and a competitor: both items, and their sum; nothing known, no points."""
    found = points(employees=120, relation="competitor")
    assert found.items == {"large": 15.0, "rival": -50.0}
    assert (found.attributes, found.behaviours, found.total) == (-35.0, 0.0, -35.0)
    assert points().total == 0.0


def test_once_counts_the_newest_however_often_it_happens() -> None:
    """Two demo requests are one item."""
    assert points(DEMO, did=((9, "requested", "demo"), (1, "requested", "demo"))).of("demo") == 50.0


def test_each_counts_up_to_the_cap_and_the_newest_fill_it_first() -> None:
    """15 and 15 for the two newest, 10 for the third up to the cap of 40, nothing for the oldest; each fades alone."""
    did = tuple((days, "visited", "/pricing/plans") for days in (0, 30, 60, 90))
    assert points(PRICING, did=did).of("pricing") == pytest.approx(15 + 15 / 2 + 10 / 4)


def test_each_subject_counts_its_newest_event_only() -> None:
    """Two seminars, one of them three times."""
    did = ((9, "attended", "seminar/a"), (5, "attended", "seminar/a"), (3, "attended", "seminar/b"))
    assert points(SEMINAR, did=(*did, (1, "attended", "seminar/a"))).of("seminar") == 20.0


def test_points_fade_by_half_and_expire_at_the_end_of_their_time() -> None:
    """Half after one half-life, read at any instant without anything being written; none from the day they expire."""
    fades = {**DEMO, "fades": {"half_life": "10d", "expires": "30d"}}
    did = ((0, "requested", "demo"),)
    at = {days: points(fades, did=did, now=START + days * DAY).of("demo") for days in (0, 10, 20, 30)}
    assert at == {0: 50.0, 10: 25.0, 20: 12.5, 30: 0.0}


def test_what_lies_ahead_of_the_instant_does_not_count() -> None:
    """The score of a past day is that of the events known to lie before it."""
    assert points(DEMO, did=((0, "requested", "demo"),), now=START - DAY).of("demo") == 0.0


def test_negative_points_are_capped_by_their_size() -> None:
    """Three times five, at most ten off."""
    item = {"item": "ignored", "when": {"visited": "/careers"}, "points": -5, "repeat": "each", "cap": 10}
    assert points(item, did=tuple((days, "visited", "/careers") for days in (1, 2, 3))).of("ignored") == -10.0


def test_an_item_of_several_events_counts_each_event_once() -> None:
    """`/pricing/x` is meant by both patterns; a download by neither."""
    item = {"item": "site", "when": {"any": [{"visited": "any"}, {"visited": "/pricing"}]}, "points": 4,
            "repeat": "each", "cap": 100}  # fmt: skip
    did = ((3, "visited", "/pricing/x"), (2, "visited", "/"), (1, "downloaded", "whitepaper"))
    assert points(item, did=did).of("site") == 8.0


def test_an_item_may_ask_for_more_than_its_event() -> None:
    """A visit of a large company counts, the same visit of a small one does not."""
    item = {"item": "large_visit", "when": {"all": [{"visited": "any"}, {"attribute": "employees", "at_least": 100}]},
            "points": 7, "repeat": "each", "cap": 70}  # fmt: skip
    did = ((2, "visited", "/"), (1, "visited", "/a"))
    assert points(item, did=did, employees=100).of("large_visit") == 14.0
    assert points(item, did=did, employees=99).of("large_visit") == 0.0


def test_a_click_counts_as_the_open_of_its_mail_once() -> None:
    """Told as opened or not, one mail is one open; the subject is the mail's."""
    item = {"item": "reads", "when": {"opened": "any"}, "points": 3, "repeat": "each_subject", "cap": 15}
    model = Definitions(score=Score.model_validate({"behaviours": [item]}))
    told = [("clicked", "news_1", "l/s/1/a/1", START), ("opened", "news_1", "l/s/1/a/1", START + DAY),
            ("opened", "news_2", "l/s/1/b/1", START + DAY)]  # fmt: skip
    facts = gathered(scoring.wanted(model.score), told)
    assert Scorer(model)(Situation(now=START + DAY, attributes={}, facts=facts, seen={})).of("reads") == 6.0


def test_the_order_in_which_events_are_told_never_matters() -> None:
    """Every order of five events gives the same score, though the sheet keeps only what the caps have room for."""
    did = ((4, "visited", "/pricing"), (3, "visited", "/pricing"), (2, "visited", "/pricing/a"),
           (1, "attended", "seminar/a"), (5, "attended", "seminar/a"))  # fmt: skip
    model = Definitions(score=Score.model_validate({"behaviours": [PRICING, SEMINAR]}))
    scores = set()
    for order in permutations(did):
        told = [(kind, subject, None, START - days * DAY) for days, kind, subject in order]
        facts = gathered(scoring.wanted(model.score), told)
        scores.add(round(Scorer(model)(Situation(now=START, attributes={}, facts=facts, seen={})).total, 9))
    assert len(scores) == 1


def test_the_sheet_keeps_as_many_events_as_the_cap_has_room_for() -> None:
    """⌈40/15⌉ and ⌈30/10⌉; one for `once`; never more than fifty."""
    many = {**PRICING, "item": "many", "when": {"visited": "/blog"}, "points": 1, "cap": 500}
    model = Score.model_validate({"behaviours": [DEMO, PRICING, SEMINAR, many]})
    assert sorted(scoring.wanted(model).values()) == [1, 3, 3, 50]


def test_the_parts_say_which_event_gave_what() -> None:
    """The newest first, with the points before and after fading; they add up to the item."""
    model = Definitions(score=Score.model_validate({"behaviours": [PRICING]}))
    now = situation(model, ((30, "visited", "/pricing"), (0, "visited", "/pricing/plans")), {}, START)
    found = Scorer(model).parts(now)["pricing"]
    assert [(part.subject, part.points, part.faded) for part in found] == [
        ("/pricing/plans", 15.0, 15.0), ("/pricing", 15.0, 7.5),
    ]  # fmt: skip
    assert sum(part.faded for part in found) == Scorer(model)(now).of("pricing")
