"""Says conditions and events in the language of a report: in Japanese by the labels people gave, else as written."""

from __future__ import annotations

from collections import Counter
from typing import Any, Literal

from nurture.conditions import (
    ANY,
    All,
    AnyCondition,
    AnyOf,
    AttributeIs,
    Did,
    EventPattern,
    Happened,
    InPhase,
    InSegment,
    IsHot,
    Not,
    OutcomeIs,
    ScoreIs,
)
from nurture.definitions import Attribute, Definitions
from nurture.durations import Duration
from nurture.folder import DEFAULT_LANGUAGE

Language = Literal["ja", "en"]
_HOT = "hot: "
"""Before the rules of the hot lead definition among the reasons of a task."""

_EVENTS = {
    "delivered": "メールの到着", "opened": "メール開封", "clicked": "メールのクリック", "replied": "返信",
    "visited": "ページ閲覧", "downloaded": "資料ダウンロード", "signed_up": "申し込み", "attended": "参加",
    "requested": "依頼",
}  # fmt: skip
_OUTCOMES = {"won": "受注", "lost": "失注", "returned": "差し戻し", "expired": "期限切れ"}
_UNITS = {"s": "秒", "m": "分", "h": "時間", "d": "日", "w": "週間", "bd": "営業日"}
_SCORES = {"total": "スコア合計", "attributes": "属性の点", "behaviours": "行動の点"}


def language_of(definitions: Definitions) -> Language:
    """The language most scenarios are written in; Japanese where there is none, English for any third one."""
    written = Counter(each.language or DEFAULT_LANGUAGE for each in definitions.scenarios.values())
    most = written.most_common(1)[0][0] if written else DEFAULT_LANGUAGE
    return "ja" if most == "ja" else "en"


def _standing(asked: InSegment | IsHot | OutcomeIs) -> str:
    match asked:
        case InSegment():
            return f"セグメント {asked.segment}"
        case IsHot():
            return "ホット" if asked.hot else "ホットではない"
        case OutcomeIs():
            return f"営業の結果が{'か'.join(_OUTCOMES[each] for each in asked.words)}"


_FLAGS: dict[Language, tuple[str, str]] = {"ja": ("いいえ", "はい"), "en": ("no", "yes")}


class Words:
    """Conditions, events and phases of some definitions in one language."""

    def __init__(self, definitions: Definitions, language: Language) -> None:
        self._definitions, self.language = definitions, language
        phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
        self._phases = {each.phase: each.title or each.phase for each in phases}

    def phase(self, name: str) -> str:
        """What people call a phase; in English its name, since that is what the files say."""
        return self._phases.get(name, name) if self.language == "ja" else name

    def event(self, pattern: EventPattern) -> str:
        """`attended: seminar`, 参加(seminar)."""
        if self.language == "en":
            return str(pattern)
        own = self._definitions.events.get(pattern.type)
        word = (own.label if own is not None else None) or _EVENTS.get(pattern.type, pattern.type)
        return word if pattern.subject in (None, ANY) else f"{word}({pattern.subject})"

    def condition(self, asked: AnyCondition, *, inner: bool = False) -> str:
        """A condition in a few words; `inner`: in brackets where it joins several."""
        if self.language == "en":
            text = str(asked)
            return text[1:-1] if isinstance(asked, All | AnyOf) and not inner else text
        match asked:
            case AttributeIs():
                return self._attribute(asked)
            case Did():
                return self._did(asked)
            case Happened():
                return self.event(asked.event)
            case All() | AnyOf() | Not():
                return self._together(asked, inner=inner)
            case ScoreIs():
                return f"{_SCORES.get(asked.score, asked.score)} {self._range(asked.at_least, asked.at_most, ' 点')}"
            case InPhase():
                return self.phase(asked.name) + ("" if isinstance(asked.phase, str) else "以降")
            case _:
                return _standing(asked)

    def _together(self, asked: All | AnyOf | Not, *, inner: bool) -> str:
        if isinstance(asked, Not):
            if len(asked.not_) == 1 and isinstance(asked.not_[0], Did):
                return f"{self._did(asked.not_[0])}なし"
            return f"{'でも'.join(self.condition(each, inner=True) for each in asked.not_)}ではない"
        several, word = (asked.all, " かつ ") if isinstance(asked, All) else (asked.any, " または ")
        joined = word.join(self.condition(each, inner=True) for each in several)
        return f"({joined})" if inner and len(several) > 1 else joined

    def attribute(self, name: str) -> str:
        """What people call an attribute; in English its name."""
        known = self._definitions.attributes.get(name)
        return (known.label if known is not None and self.language == "ja" else None) or name

    def span(self, duration: Duration) -> str:
        """`30d`, 30 日."""
        written = str(duration)
        number = written.rstrip("bdhmsw")
        return f"{number} {_UNITS[written[len(number) :]]}" if self.language == "ja" else written

    def value(self, name: str, value: Any) -> str:
        """A value of an attribute by its label; `不明` where nobody knows it."""
        if value in (None, "", []):
            return "不明" if self.language == "ja" else "not known"
        several = value if isinstance(value, list | tuple) else [value]
        known, sign = self._definitions.attributes.get(name), "・" if self.language == "ja" else ", "
        return sign.join(_value(known, each, self.language) for each in several)

    def _did(self, asked: Did) -> str:
        what = "何らかの行動" if asked.any_human_event else self.event(asked.did)
        span = ""
        if asked.within is not None:
            span = f"{self.span(asked.within)}以内に"
        times = f" {asked.at_least} 回以上" if asked.at_least > 1 else ""
        return f"{span}{what}{times}"

    def _attribute(self, asked: AttributeIs) -> str:
        known = self._definitions.attributes.get(asked.attribute)
        tests = []
        if asked.at_least is not None or asked.at_most is not None:
            tests.append(self._range(asked.at_least, asked.at_most))
        if asked.is_ is not None:
            tests.append(_value(known, asked.is_))
        if asked.in_ is not None:
            tests.append("・".join(_value(known, each) for each in asked.in_))
        if asked.contains is not None:
            tests.append(f"「{asked.contains}」を含む")
        if asked.known is not None:
            tests.append("判明している" if asked.known else "不明")
        if asked.after is not None:
            tests.append(f"{asked.after} より後")
        if asked.before is not None:
            tests.append(f"{asked.before} より前")
        return f"{self.attribute(asked.attribute)} {'、'.join(tests)}"

    @staticmethod
    def _range(low: float | None, high: float | None, unit: str = "") -> str:
        if low is not None and high is not None:
            return f"{low:g}〜{high:g}{unit}"
        return f"{low:g}{unit or ' '}以上" if low is not None else f"{high:g}{unit or ' '}以下"


def rules_in(definitions: Definitions | None, language: Language) -> dict[str, str]:
    """The rules of the hot lead definition in words, by the reasons that are given where one is met."""
    hot = definitions.hot_lead if definitions is not None else None
    if definitions is None or hot is None or language == "en":
        return {}
    words = Words(definitions, language)
    found = {str(each): words.condition(each) for each in hot.any or ()}
    if hot.all:
        found[" and ".join(map(str, hot.all))] = " かつ ".join(words.condition(each, inner=True) for each in hot.all)
    return found


def reason_of(reason: str, definitions: Definitions, language: Language) -> str:
    """One reason of a task as somebody reads it: a rule of the definition, or the step that handed over."""
    rule = reason.removeprefix(_HOT)
    if rule != reason:
        return f"{'ホット: ' if language == 'ja' else _HOT}{rules_in(definitions, language).get(rule, rule)}"
    name, _, step = reason.partition(": ")
    scenario = definitions.scenarios.get(name)
    if scenario is None or scenario.title is None or step not in scenario.steps:
        return reason
    return f"シナリオ「{scenario.title}」の {step}" if language == "ja" else f"scenario “{scenario.title}”, step {step}"


def _value(attribute: Attribute | None, value: bool | float | str, language: Language = "ja") -> str:
    if isinstance(value, bool):
        return _FLAGS[language][value]
    return (attribute.values or {}).get(str(value), str(value)) if attribute is not None else str(value)
