"""What reports say: every advice in both languages, and conditions as people would say them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter

from adapters.scenario_folder import check_folder
from nurture.conditions import AnyCondition, AttributeIs, Condition
from nurture.definitions import Definitions
from nurture.four_r import Advice, AdviceWord
from nurture.shares import Share
from nurture.wording.conditions import Language, Words, language_of
from nurture.wording.four_r import advised, with_interval

SAMPLE = check_folder(Path(__file__).parents[2] / "scenarios")[0].definitions
SIZE = AttributeIs.model_validate({"attribute": "employees", "at_least": 50})
_CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(Condition)


@pytest.mark.parametrize("language", get_args(Language))
@pytest.mark.parametrize("word", get_args(AdviceWord))
def test_every_advice_is_a_sentence_in_every_language(word: AdviceWord, language: Language) -> None:
    """With all its figures and with none, nothing is left open."""
    words = Words(SAMPLE, language)
    names = {"combine_axes": ("demographic",), "hurry": ("comparison",)}.get(word, ("seminar",))
    full = Advice(word, SIZE, Share(1, 4), Share(2, 4), 7, names, datetime(2026, 11, 2, tzinfo=UTC))
    for advice in (full, Advice(word, SIZE)):
        said = advised(advice, words)
        assert said
        assert "{" not in said
        assert said.isascii() == (language == "en")


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ({"attribute": "employees", "at_least": 50, "at_most": 100}, "従業員数 50〜100"),
        ({"attribute": "employees", "at_most": 9}, "従業員数 9 以下"),
        ({"attribute": "title", "in": ["section_head", "chief"]}, "役職 課長・主任"),
        ({"attribute": "uses_competitor", "is": False}, "競合サービスの利用 いいえ"),
        ({"attribute": "values", "contains": "機能"}, "重視すること 「機能」を含む"),
        ({"attribute": "region", "known": False}, "地域 不明"),
        ({"attribute": "trial_ends", "after": "2026-01-01"}, "無料トライアルの終了日 2026-01-01 より後"),
        ({"did": {"attended": "seminar"}, "within": "90d", "at_least": 2}, "90 日以内に参加(seminar) 2 回以上"),
        ({"did": "created_project"}, "無料トライアルで監視プロジェクトを作成"),
        ({"not": {"did": "any", "within": "180d"}}, "180 日以内に何らかの行動なし"),
        ({"not": {"attribute": "relation", "is": "customer"}}, "自社との関係 顧客ではない"),
        ({"score": "total", "at_least": 120}, "スコア合計 120 点以上"),
        ({"phase": {"at_least": "comparison"}}, "比較検討以降"),
        ({"any": [{"hot": True}, {"all": [{"segment": "dormant"}, {"phase": "decision"}]}]},
         "ホット または (セグメント dormant かつ 意思決定)"),
    ],
)  # fmt: skip
def test_conditions_are_said_by_the_labels_people_gave(condition: dict[str, Any], said: str) -> None:
    """In Japanese by label and title; in English as they are written."""
    asked = _CONDITION.validate_python(condition)
    assert Words(SAMPLE, "ja").condition(asked) == said
    assert Words(SAMPLE, "en").condition(asked) in (str(asked), str(asked)[1:-1])


def test_the_language_is_that_of_most_scenarios() -> None:
    """Two Japanese, one English; none at all; a third language."""
    assert language_of(SAMPLE) == "ja"
    assert language_of(Definitions()) == "ja"
    only = {name: each for name, each in SAMPLE.scenarios.items() if each.language == "en"}
    assert language_of(Definitions(scenarios=only)) == "en"


def test_a_share_of_nobody_is_a_dash() -> None:
    """No rate and no interval of nothing."""
    assert with_interval(Share(0, 0)) == "– (0/0)"
    assert with_interval(Share(8, 20)) == "40% (22–61%, 8/20)"
