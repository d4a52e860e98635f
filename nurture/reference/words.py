"""The words of the reference in English and Japanese; refuses to know a single key."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from nurture.reference.japanese import KEYS

TITLES: dict[str, tuple[str, str]] = {
    "Condition": ("condition", "条件"),
    "EventPattern": ("event", "イベント"),
    "Scenario": ("Scenario", "シナリオ"),
    "Enter": ("Entrance", "始まり"),
    "Again": ("Entering again", "二度目の登録"),
    "Leave": ("Leaving", "離脱"),
    "Jump": ("Jump", "条件つきの移動"),
    "Step": ("Step", "ステップ"),
    "SendOptions": ("Send, long form", "送信の詳しい書き方"),
    "Notify": ("Notification", "知らせ"),
    "SetAttribute": ("Setting an attribute", "属性の書き込み"),
    "Enroll": ("Enrolling elsewhere", "別のシナリオへの登録"),
    "HandoffStep": ("Handoff", "引き継ぎ"),
    "WaitOptions": ("Wait, long form", "待ちの詳しい書き方"),
    "By": ("Deadline by a date", "日付で決まる期限"),
    "Edge": ("Edge", "行き先(分岐)"),
    "Attribute": ("Attribute", "属性"),
    "EventType": ("Event type", "イベントの種類"),
    "Segment": ("Segment", "セグメント"),
    "JourneyMap": ("Journey map", "カスタマージャーニーマップ"),
    "Persona": ("Persona", "見込み客像"),
    "Phase": ("Phase", "フェーズ"),
    "Qualifying": ("Range of phases", "フェーズの範囲"),
    "Score": ("Score", "スコア"),
    "AttributeItem": ("Item of attributes", "属性の項目"),
    "BehaviourItem": ("Item of behaviours", "行動の項目"),
    "Fades": ("Fading", "点の減り方"),
    "HotLead": ("Hot lead definition", "ホットリードの定義"),
    "Agreed": ("Agreement", "合意"),
    "Form": ("Form", "フォーム"),
    "FormConsent": ("Consent", "同意の文面"),
    "Sender": ("Sender", "差出人と送信の決まり"),
    "From": ("From", "差出人"),
    "Window": ("Send window", "送信時間帯"),
    "Cap": ("Cap", "通数の上限"),
    "LostAnswer": ("Lost answers", "失われた応答"),
    "AutomaticClicks": ("Automatic clicks", "機械によるクリック"),
    "Breaker": ("Breaker", "自動停止"),
    "Limits": ("Limits", "割合の限度"),
    "Sales": ("Sales", "営業"),
    "Rep": ("Rep", "営業担当"),
    "Hours": ("Working hours", "勤務時間"),
    "Escalation": ("Escalation", "上への知らせ"),
    "Queue": ("Queue", "受け持ち"),
    "FrontMatter": ("Front matter", "冒頭の見出し"),
    "Happened": ("An event, bare", "行動をそのまま書く"),
    "Did": ("An event at any time", "いつかした行動"),
    "AttributeIs": ("An attribute", "属性"),
    "ScoreIs": ("A score", "スコア"),
    "InSegment": ("A segment", "セグメント"),
    "InPhase": ("A phase", "フェーズ"),
    "PhaseBound": ("A phase or later", "あるフェーズから先"),
    "IsHot": ("Hot", "ホット"),
    "OutcomeIs": ("An outcome", "結果"),
    "All": ("All of them", "すべて"),
    "AnyOf": ("Any of them", "どれか"),
    "Not": ("None of them", "どれでもない"),
}
"""What a model is called in a heading: English, Japanese."""


@dataclass(frozen=True, slots=True)
class Words:
    """One language: `types` are the parts of a type; `meaning` gives a key's sentence from `Model.key` and schema."""

    language: str
    types: Mapping[str, str]
    head: tuple[str, str, str, str]
    required: str
    meaning: Callable[[str, Mapping[str, Any]], str]

    def title(self, model: str) -> str:
        """The heading of a model."""
        return TITLES[model][self.language == "ja"]

    def link(self, model: str) -> str:
        """A link to its heading."""
        return f"[{self.title(model)}](#{anchor(model)})"


def anchor(model: str) -> str:
    """The anchor of a model, the same in both languages."""
    return model.lower()


ENGLISH = Words(
    language="en",
    types={
        "duration": "[duration](#durations)", "name": "name", "time": "time of day", "language": "language",
        "days": "day, or day..day", "day": "day", "address": "mail address", "text": "text", "integer": "whole number",
        "number": "number", "boolean": "`true` `false`", "scalar": "text, number, `true` or `false`",
        "list": "list of: {of}", "mapping": "mapping, name → {of}", "any": "anything", "or": ", or ",
        "between": ", {low} to {high}", "from": ", at least {low}",
    },
    head=("key", "type", "default", "meaning"),
    required="**required**",
    meaning=lambda _, part: str(part["description"]),
)  # fmt: skip
JAPANESE = Words(
    language="ja",
    types={
        "duration": "[期間](#durations)", "name": "名前", "time": "時刻", "language": "言語",
        "days": "日、または 日..日", "day": "日付", "address": "メールアドレス", "text": "文字列",
        "integer": "整数", "number": "数", "boolean": "`true` `false`",
        "scalar": "文字列・数・`true`・`false`",
        "list": "リスト({of})", "mapping": "名前 → {of}", "any": "何でも", "or": "、または",
        "between": "({low}〜{high})", "from": "({low} 以上)",
    },
    head=("キー", "型", "既定値", "意味"),
    required="**必須**",
    meaning=lambda key, _: KEYS[key],
)  # fmt: skip
