"""Why this lead, and why now: the same words for every channel, in Japanese and English, without a name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from nurture.briefing import MOST_DEEDS, Deed, Grounds, brief
from nurture.definitions import Definitions, EventType

NOW = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
TOKYO = ZoneInfo("Asia/Tokyo")


def deeds(*several: tuple[str, str]) -> list[Deed]:
    """The newest first, an hour apart."""
    return [Deed(NOW - timedelta(hours=number), *each) for number, each in enumerate(several)]


def test_it_says_rule_score_and_deeds_in_the_readers_language() -> None:
    """Times are those of the sender's zone; items come by their weight, those without points not at all."""
    score = {"total": 65.5, "attributes": 0, "behaviours": 65.5, "items": {"a": 15.5, "b": 50, "none": 0, "bad": -5}}
    grounds = Grounds("inside", ("total at least 60",), "call", NOW, score, None, None, deeds(("requested", "demo")))
    assert brief(grounds, Definitions(), "en", TOKYO).text() == (
        "Rule met: total at least 60\n"
        "Score:\n- total 65.5 (attributes 0, behaviours 65.5)\n- b +50 points\n- a +15.5 points\n- bad -5 points\n"
        "Lately: 2026-12-01 12:00 requested demo\nNote: call\nDue: 2026-12-01 12:00\n"
        "A way to begin: Thank you for asking for demo. May I take ten minutes to hear what you are working on?"
    )
    said = brief(grounds, Definitions(), "ja", TOKYO)
    assert said.headline == "ホットリードの引き継ぎ(inside)"
    assert "最近の行動:2026-12-01 12:00 依頼「demo」" in said.text()


def test_one_thing_done_often_is_told_once_and_own_types_by_their_label() -> None:
    """At most five of them; what events.yaml calls a type is what people read."""
    many = deeds(*[("visited", "/pricing")] * 9, ("created_project", "p"), *[("visited", f"/{n}") for n in range(9)])
    definitions = Definitions(events={"created_project": EventType(label="プロジェクト作成")})
    facts = dict(brief(Grounds("q", deeds=many), definitions, "ja", TOKYO).facts)
    assert len(facts["最近の行動"]) == MOST_DEEDS
    assert sum("/pricing" in each for each in facts["最近の行動"]) == 1
    assert "プロジェクト作成「p」" in facts["最近の行動"][1]


@pytest.mark.parametrize("language", ["ja", "en"])
def test_nobody_is_told_that_his_visits_were_watched(language: str) -> None:
    """Whoever only read is asked what he is looking into; whoever asked for something is thanked for it."""
    quiet = brief(
        Grounds("q", deeds=deeds(("visited", "/pricing"), ("opened", "news"))), Definitions(), language, TOKYO
    )
    assert "pricing" not in quiet.opening
    assert "news" not in quiet.opening
    loud = brief(
        Grounds("q", deeds=deeds(("visited", "/pricing"), ("attended", "seminar"), ("requested", "demo"))),
        Definitions(), language, TOKYO,
    )  # fmt: skip
    assert "demo" in loud.opening


def test_nothing_known_is_nothing_said() -> None:
    """No empty label."""
    said = brief(Grounds("q"), Definitions(), "en", TOKYO)
    assert said.facts == ()
    assert said.text().count("\n") == 0
