"""What a lead lacks, in Japanese: every kind of condition, met or not, asked for or denied."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.scenario_folder import check_folder
from nurture.definitions import Definitions, HotLead
from nurture.distance import Distance, Measuring
from nurture.facts import gathered
from nurture.judging import Situation
from nurture.qualification import Qualification, hot_condition, wanted
from nurture.wording.qualification import Explaining

SAMPLE = check_folder(Path(__file__).parents[2] / "scenarios")[0].definitions
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)


def measured(
    asked: dict[str, Any], *did: tuple[int, str, str], phase: str = "research", **attributes: Any
) -> tuple[Distance, Explaining]:
    """How far a lead that did these days ago is from a hot lead definition of this one rule."""
    hot = HotLead.model_validate({"all": [asked], "queue": "inside_sales", "cool_down": "30d"})
    definitions: Definitions = replace(SAMPLE, hot_lead=hot)
    condition = hot_condition(hot)
    told = sorted((NOW - timedelta(days=days), kind, subject) for days, kind, subject in did)
    facts = gathered(wanted(definitions, [condition], score=True), [(kind, of, None, at) for at, kind, of in told])
    ready = Qualification(definitions)
    now = Situation(NOW, attributes, facts, {}, measure=ready.measure)
    now.phase = phase
    return Measuring(definitions, now).of(condition), Explaining(definitions, "ja")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"score": "total", "at_most": 10}, "スコア合計 10 点以下: 今は 25 点"),
        ({"score": "total", "at_least": 30}, "スコア合計 30 点以上: あと 5 点(今は 25 点)"),
        ({"score": "employees_50", "at_least": 9},
         "employees_50 9 点以上: あと 9 点(今は 0 点)。これからつくのは最大 0 点"),
        ({"not": {"score": "total", "at_least": 15}}, "スコア合計 15 点以上ではない: 今は 25 点"),
        ({"did": {"attended": "seminar"}, "at_least": 3}, "参加(seminar) 3 回以上: あと 2 回(今は 1 回)"),
        ({"did": {"attended": "seminar"}, "within": "30d"},
         "30 日以内に参加(seminar): あと 1 回(今は 0 回)。最後は 90 日前"),
        ({"not": {"did": {"attended": "seminar"}}}, "参加(seminar)なし: 今は 1 回"),
        ({"attribute": "region", "known": True}, "地域 判明している: 今は不明"),
        ({"attribute": "title", "is": "chief"}, "役職 主任: 今は担当"),
        ({"not": {"attribute": "employees", "at_least": 9}}, "従業員数 9 以上ではない: 今は 150"),
        ({"phase": "comparison"}, "比較検討: 今は情報収集"),
        ({"not": {"phase": "research"}}, "情報収集ではない: 今は情報収集"),
        ({"segment": "dormant"}, "セグメント dormant"),
        ({"score": "total", "at_least": 15}, "スコア合計 15 点以上"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_japanese(asked: dict[str, Any], said: str) -> None:
    """The rule by its labels, then what would have to change; nothing where the rule is met."""
    part, words = measured(asked, (90, "attended", "seminar/a"), employees=150, title="staff")
    lacks = words.lacks(part, NOW)
    assert words.what(part) + (f": {lacks}" if lacks else "") == said


def test_an_item_that_waits_for_something_unknown_says_what() -> None:
    """The attribute by its label, beside the rule of the item."""
    part, words = measured({"score": "attributes", "at_least": 30}, employees=150)
    (manager,) = (each for each in part.could if each.item == "manager")
    assert words.gain(manager) == "点がつく項目: manager +10(役職 部長・課長。役職が不明)"


def test_rules_that_stand_together_say_how() -> None:
    """Every one, or one of them; denied, the other way round."""
    both = [{"phase": "comparison"}, {"did": {"requested": "demo"}}]
    for asked, said in (
        ({"all": both}, "次のすべて"),
        ({"any": both}, "次のどれか一つ"),
        ({"not": both}, "次のすべて"),
    ):
        part, words = measured(asked)
        assert words.what(part) == said
