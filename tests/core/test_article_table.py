"""The score table of the article, as scenarios/score.yaml has it, against leads that were reckoned by hand.

    attributes   100 people or more 15 · 50 to 99 people 7 · target industry 10 · head of department or section 10 ·
                 chief 5
    behaviours   demo requested 50 · prices looked at 15 · consultation attended 20 · seminar attended 10 ·
                 newsletter opened 3 · white paper downloaded 8

What the article leaves open stands in the file: demo and consultation count once; prices each time, up to 30, halved
every 30 days; seminars, newsletters and papers once for each, up to 30, 15 and 24; newsletters halved every 60 days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.scenario_folder import read_folder
from nurture import scoring
from nurture.definitions import Definitions, Score
from nurture.facts import gathered
from nurture.judging import Situation
from nurture.loading import definitions_of
from nurture.qualification import Qualification, hot_condition, wanted
from nurture.scoring import Points, Scorer
from tests.core.stage import START

Deed = tuple[float, str, str]
"""So many days ago, a type and a subject."""


@dataclass(frozen=True)
class ByHand:
    """One lead, and what it comes to on paper: attributes, behaviours; `hot` by one of the sample's rules, or not."""

    who: str
    attributes: float
    behaviours: float
    hot: bool
    what_it_is: dict[str, Any]
    did: tuple[Deed, ...] = field(default=())


def several(type: str, **days_ago: int) -> tuple[Deed, ...]:
    """One deed each of a type, by subject."""
    return tuple((days, type, subject) for subject, days in days_ago.items())


DEMO, CONSULTATION = ("requested", "demo"), ("attended", "consultation")
LEADS = [
    ByHand("nothing is known of it", 0, 0, False, {}),
    ByHand(
        "a section head of a telecom company with 80 people, who does nothing",
        7 + 10 + 10, 0, False,
        {"employees": 80, "industry": "telecom", "title": "section_head"},
    ),
    ByHand(
        "as much as attributes can be: 100 people, broadcasting, a department head",
        15 + 10 + 10, 0, False,
        {"employees": 100, "industry": "broadcasting", "title": "department_head"},
    ),
    ByHand(
        "a chief in another industry with 99 people: 99 are still 50 to 99",
        7 + 5, 0, False,
        {"employees": 99, "industry": "other", "title": "chief"},
    ),
    ByHand(
        "49 people give nothing, nor does staff",
        0, 0, False,
        {"employees": 49, "title": "staff"},
    ),
    ByHand(
        "a demo twice counts once; the prices just now give 15",
        15, 50 + 15, False,
        {"employees": 500},
        ((20, *DEMO), (1, *DEMO), (0, "visited", "/pricing")),
    ),
    ByHand(
        "prices: today 15 and 30 days ago 15, of which half is left; the cap of 30 leaves no room for the one before",
        0, 15 + 7.5, False, {},
        ((0, "visited", "/pricing"), (30, "visited", "/pricing"), (60, "visited", "/pricing")),
    ),
    ByHand(
        "prices 60 and 90 days ago: a quarter and an eighth of 15",
        10, 3.75 + 1.875, False,
        {"industry": "utilities"},
        ((60, "visited", "/pricing/enterprise"), (90, "visited", "/pricing")),
    ),
    ByHand(
        "four seminars and one of them again: three fill the cap of 30",
        0, 30, False, {},
        tuple((days, "attended", f"seminar/{name}") for days, name in zip((9, 8, 7, 6, 5), "abcda", strict=True)),
    ),
    ByHand(
        "four papers: 8, 8 and 8 are the cap of 24; the same one again gives nothing",
        0, 24, False, {},
        (*several("downloaded", a=4, b=3, c=2, d=0), (1, "downloaded", "a")),
    ),
    ByHand(
        "newsletters: five times 3 are the cap of 15; two of today, and three of 60 days ago, which are worth half",
        0, 3 + 3 + 1.5 + 1.5 + 1.5, False, {},
        several("opened", news_1=0, news_2=0, news_3=60, news_4=60, news_5=60, news_6=120),
    ),
    ByHand(
        "120 by total: 35, a demo 50, a consultation 20, the prices today 15",
        35, 50 + 20 + 15, True,
        {"employees": 150, "industry": "telecom", "title": "department_head"},
        ((3, *DEMO), (2, *CONSULTATION), (0, "visited", "/pricing")),
    ),
    ByHand(
        "118 is not 120: attributes of 27 and, with two newsletters, behaviours of 91",
        7 + 10 + 10, 50 + 20 + 15 + 3 + 3, False,
        {"employees": 60, "industry": "telecom", "title": "section_head"},
        ((3, *DEMO), (2, *CONSULTATION), (0, "visited", "/pricing"), *several("opened", news_1=0, news_2=0)),
    ),
    ByHand(
        "attributes 30 or more with behaviours of 100 or more, and 120 by that alone: 35 and 50 + 20 + 30 + 3",
        35, 50 + 20 + 30 + 3, True,
        {"employees": 150, "industry": "telecom", "title": "department_head"},
        ((3, *DEMO), (2, *CONSULTATION), (0, "visited", "/pricing"), (0, "visited", "/pricing"), (0, "opened", "a")),
    ),
    ByHand(
        "30 points of behaviour, and hot all the same: in comparison, with a consultation and a seminar",
        0, 20 + 10, True, {},
        ((40, *CONSULTATION), (70, "attended", "seminar/2026-08")),
    ),
    ByHand(
        "a customer is never hot, whatever it scores",
        35, 50 + 20 + 30, False,
        {"employees": 150, "industry": "telecom", "title": "department_head", "relation": "customer"},
        ((3, *DEMO), (2, *CONSULTATION), (0, "visited", "/pricing"), (0, "visited", "/pricing")),
    ),
]  # fmt: skip


@pytest.fixture(scope="module")
def sample() -> Definitions:
    """The sample folder."""
    return definitions_of(read_folder(Path("scenarios")))


def situation(definitions: Definitions, asked: dict[str, int], is_: dict[str, Any], did: tuple[Deed, ...]) -> Situation:
    """A lead that is this and did that."""
    told = sorted((START - timedelta(days=days), kind, subject) for days, kind, subject in did)
    facts = gathered(asked, [(kind, subject, None, at) for at, kind, subject in told])
    ready = Qualification(definitions)
    now = Situation(START, is_, facts, {}, measure=ready.measure)
    now.phase = ready.furthest(now)
    return now


@pytest.mark.parametrize("lead", LEADS, ids=lambda lead: lead.who)
def test_a_lead_scores_what_it_comes_to_on_paper(sample: Definitions, lead: ByHand) -> None:
    """Attributes, behaviours, their sum; and the definition of the sample makes of it what the article says."""
    assert sample.hot_lead is not None
    asked = scoring.wanted(sample.score) | wanted(sample, [hot_condition(sample.hot_lead)])
    now = situation(sample, asked, lead.what_it_is, lead.did)
    found = Scorer(sample)(now)
    assert (found.attributes, found.behaviours) == pytest.approx((lead.attributes, lead.behaviours))
    assert found.total == pytest.approx(lead.attributes + lead.behaviours)
    assert bool(Qualification(sample).reasons(now)) == lead.hot


AGAINST = {
    "attributes": [{"item": "rival", "when": {"attribute": "relation", "is": "competitor"}, "points": -50}],
    "behaviours": [
        {"item": "demo", "when": {"requested": "demo"}, "points": 50},
        {
            "item": "careers", "when": {"visited": "/careers"}, "points": -15, "repeat": "each", "cap": 30,
            "fades": {"expires": "90d"},
        },
        {"item": "trial", "when": {"signed_up": "trial"}, "points": 20, "fades": {"expires": "14d", "half_life": "7d"}},
    ],
}  # fmt: skip


def against(*did: Deed, **is_: Any) -> Points:
    """The score by a table with points that count against a lead, and with points that expire."""
    definitions = Definitions(score=Score.model_validate(AGAINST))
    return Scorer(definitions)(situation(definitions, scoring.wanted(definitions.score), is_, did))


def test_points_may_count_against_a_lead_and_may_expire() -> None:
    """By hand: 50 - 15 - 15 (the cap of 30 is reached by the third) - 50; the look of 90 days ago is gone."""
    looks = tuple((float(days), "visited", "/careers") for days in (1, 2, 3))
    assert against((5, *DEMO), *looks, relation="competitor").total == 50 - 30 - 50
    assert against((90, "visited", "/careers")).total == 0
    assert against((89.9, "visited", "/careers")).total == -15
    assert against((7, "signed_up", "trial")).total == 10
    assert against((13.99, "signed_up", "trial")).total == pytest.approx(5, abs=0.01)
    assert against((14, "signed_up", "trial")).total == 0
