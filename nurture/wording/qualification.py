"""Puts why a lead scores, and what it lacks to be hot, into words of one language; refuses to lay them out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from nurture.conditions import AnyCondition, AttributeIs, EventPattern, Not, ScoreIs, parts
from nurture.definitions import AttributeItem, BehaviourItem, Definitions
from nurture.distance import Distance, Gain
from nurture.explained import EventPoints, HotExplained, ScoreExplained
from nurture.qualification import hot_condition
from nurture.wording.conditions import Language, Words, rules_in

LABELS: dict[Language, dict[str, str]] = {
    "en": {
        "item": "item", "when": "when", "event": "event", "points": "points", "now": "now", "attribute": "attribute",
        "never": "never", "no_score": "there is no score.yaml in this deployment: every score is 0",
        "sums": "total {total:.4g}: attributes {attributes:.4g}, behaviours {behaviours:.4g}",
        "definition": "hot lead definition", "yes": "yes", "no": "no ", "stands": "score {total:.4g}, phase {phase}",
        "no_phase": "none", "hot": "hot: {reasons}", "joint": "; ", "not_hot": "not hot by this",
        "no_hot": "there is no hot_lead.yaml in this deployment: nobody becomes hot",
        "latched": "marked hot at present, since it was once: the mark goes with the end of the cool-down",
        "gain": "could give: {item} +{points:.3g}{most} ({how})", "most": ", at most +{most:.3g}",
        "more": "and {more} more item(s)",
    },
    "ja": {
        "item": "項目", "when": "日時", "event": "行動", "points": "点", "now": "今の点", "attribute": "属性",
        "never": "なし", "no_score": "このデプロイには score.yaml がありません。スコアは全員 0 点です",
        "sums": "合計 {total:.4g} 点(属性 {attributes:.4g} 点、行動 {behaviours:.4g} 点)",
        "definition": "ホットリードの定義", "yes": "達成", "no": "未達",
        "stands": "スコア {total:.4g} 点、フェーズ {phase}",
        "no_phase": "なし", "hot": "ホット: {reasons}", "joint": " / ", "not_hot": "この定義ではホットではありません",
        "no_hot": "このデプロイには hot_lead.yaml がありません。ホットになる人はいません",
        "latched": "以前ホットになったので、今はホットの印が付いています。冷却期間が終わると外れます",
        "gain": "点がつく項目: {item} +{points:.3g}{most}({how})", "most": "、最大 +{most:.3g}",
        "more": "ほか {more} 項目",
    },
}  # fmt: skip
"""What stands around the figures of both explanations."""


class Explaining:
    """Both explanations of a lead, in the words of the definitions it is judged by."""

    def __init__(self, definitions: Definitions, language: Language) -> None:
        self.language, self.labels = language, LABELS[language]
        self._definitions, self._words = definitions, Words(definitions, language)
        self._rules = rules_in(definitions, language)
        self._asked = {str(each): each for each in _asked(definitions)}
        items: list[AttributeItem | BehaviourItem] = [*definitions.score.attributes, *definitions.score.behaviours]
        self._items = {each.item: each.when for each in items}

    def say(self, label: str, **shown: object) -> str:
        """One of the labels, filled in."""
        return self.labels[label].format(**shown)

    def event(self, found: EventPoints) -> str:
        """What was done, `attended: seminar/2026-12`, 参加(seminar/2026-12)."""
        return self._words.event(EventPattern(type=found.type, subject=found.subject or None))

    def sums(self, found: ScoreExplained) -> str:
        """The total and its two halves."""
        return self.say("sums", total=found.total, attributes=found.attributes, behaviours=found.behaviours)

    def stands(self, found: HotExplained) -> tuple[str, str]:
        """Score and phase; whether that is hot, and by which rules."""
        phase = self._words.phase(found.phase) if found.phase is not None else self.labels["no_phase"]
        reasons = self.labels["joint"].join(self._rules.get(each, each) for each in found.reasons)
        return (
            self.say("stands", total=found.total, phase=phase),
            self.say("hot", reasons=reasons) if found.meets else self.labels["not_hot"],
        )

    def what(self, part: Distance) -> str:
        """The condition itself."""
        if self.language == "en":
            return part.what
        match part.kind:
            case "all":
                return "次のすべて"
            case "any":
                return "次のどれか一つ"
            case _:
                asked, negative = self._condition(part)
                if asked is None:
                    return part.what
                return self._words.condition(Not.model_validate({"not": [asked]}) if negative else asked)

    def lacks(self, part: Distance, now: datetime) -> str:
        """What is missing to it; empty where nothing is, or where its parts say it."""
        if self.language == "en" or not part.lacks:
            return part.lacks
        match part.kind:
            case "score":
                return self._lacks_points(part)
            case "did":
                return _lacks_events(part, now)
            case "attribute":
                asked, _ = self._condition(part)
                name = asked.attribute if isinstance(asked, AttributeIs) else ""
                value = self._words.value(name, part.has)
                return f"今は {value}" if value[0].isascii() else f"今は{value}"
            case "phase":
                if part.needs not in self._definitions.phases:
                    return f"フェーズ {part.needs} はありません"
                return f"今は{self._words.phase(part.has)}" if part.has else "今はどのフェーズでもありません"
            case "hot":
                return "すでにホットです" if part.has else "まだホットではありません"
            case "segment":
                known = part.what.removeprefix("not ").removeprefix("in segment ") in self._definitions.segments
                return "条件が自分自身を指しています" if known else "このセグメントはありません"
            case _:
                return "ここでは成り立ちません"

    def gain(self, found: Gain) -> str:
        """An item that could still give points."""
        most = self.say("most", most=found.most) if found.most > found.points else ""
        return self.say("gain", item=found.item, points=found.points, most=most, how=self._how(found))

    def _how(self, found: Gain) -> str:
        when = self._items.get(found.item)
        if self.language == "en" or when is None:
            return found.how
        unknown = "・".join(self._words.attribute(name) for name in found.unknown)
        return self._words.condition(when) + (f"。{unknown}が不明" if unknown else "")

    def _condition(self, part: Distance) -> tuple[AnyCondition | None, bool]:
        """The condition that a part measures, and whether it must not hold; a name like `not …` wins over a denial."""
        asked = self._asked.get(part.what)
        if asked is not None:
            return asked, False
        return self._asked.get(part.what.removeprefix("not ")), True

    def _lacks_points(self, part: Distance) -> str:
        asked, negative = self._condition(part)
        if negative or not isinstance(asked, ScoreIs) or asked.at_least is None or part.has >= asked.at_least:
            return f"今は {part.has:.4g} 点"
        missing, most = asked.at_least - part.has, sum(gain.most for gain in part.could)
        beyond = "" if most >= missing - 1e-9 else f"。これからつくのは最大 {most:.4g} 点"
        return f"あと {missing:.4g} 点(今は {part.has:.4g} 点){beyond}"


def _lacks_events(part: Distance, now: datetime) -> str:
    missing = part.needs - part.has
    told = f"あと {missing} 回(今は {part.has} 回)" if missing > 0 else f"今は {part.has} 回"
    return told if part.last is None else f"{told}。最後は{_ago(now - part.last)}前"


def _ago(age: timedelta) -> str:
    return f" {age.days} 日" if age.days else f" {age.seconds // 3600} 時間"


def _asked(definitions: Definitions) -> Iterator[AnyCondition]:
    """Every condition that the way to hot may lead through: the definition, segments and phases."""
    if definitions.hot_lead is not None:
        yield from parts(hot_condition(definitions.hot_lead))
    for segment in definitions.segments.values():
        yield from parts(segment.when)
    for phase in definitions.journey_map.phases if definitions.journey_map is not None else ():
        if phase.reached_when is not None:
            yield from parts(phase.reached_when)
