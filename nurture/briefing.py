"""Says to a rep why this lead, and why now, in Japanese or English; refuses to know where the words are shown.

Every channel says the same, so that a rep who hears of a task twice need not compare. No name and no address is in it:
where a channel carries those, it puts them beside these words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any

from nurture.definitions import Definitions
from nurture.wording.conditions import Language, reason_of

MOST_DEEDS = 5
"""So many things that the lead did lately are told; more is a timeline, which has its own place."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "headline": "ホットリードの引き継ぎ({queue})", "rules": "満たした条件", "score": "スコア",
        "sums": "合計 {total}(属性 {attributes}、行動 {behaviours})", "deeds": "最近の行動", "note": "メモ",
        "due": "対応期限", "opening": "最初のひとこと(案)", "points": "点", "phase": "段階", "scenario": "シナリオ",
        "colon": ":",
    },
    "en": {
        "headline": "Hot lead for {queue}", "rules": "Rule met", "score": "Score",
        "sums": "total {total} (attributes {attributes}, behaviours {behaviours})", "deeds": "Lately", "note": "Note",
        "due": "Due", "opening": "A way to begin", "points": "points", "phase": "Phase", "scenario": "Scenario",
        "colon": ": ",
    },
}  # fmt: skip

_DEEDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "opened": "メールを開封", "clicked": "メールのリンクをクリック", "replied": "メールに返信",
        "visited": "ページを閲覧",
        "downloaded": "資料をダウンロード", "signed_up": "申し込み", "attended": "参加", "requested": "依頼",
    },
    "en": {
        "opened": "opened the mail", "clicked": "clicked in the mail", "replied": "answered the mail",
        "visited": "visited", "downloaded": "downloaded", "signed_up": "signed up for", "attended": "attended",
        "requested": "requested",
    },
}  # fmt: skip
_OPENINGS: tuple[tuple[str, Mapping[str, str]], ...] = (
    ("replied", {
        "ja": "ご返信ありがとうございます。いただいた件を直接お話ししたく、ご連絡しました。",
        "en": "Thank you for your answer. I would like to talk it over with you in person.",
    }),
    ("requested", {
        "ja": "「{subject}」のご依頼をありがとうございます。いまお困りのことを 10 分ほど伺えますか。",
        "en": "Thank you for asking for {subject}. May I take ten minutes to hear what you are working on?",
    }),
    ("attended", {
        "ja": "「{subject}」へのご参加をありがとうございました。残ったご質問はありませんか。",
        "en": "Thank you for coming to {subject}. Which questions did it leave open?",
    }),
    ("signed_up", {
        "ja": "「{subject}」へのお申し込みをありがとうございます。とくにお知りになりたいことは何ですか。",
        "en": "Thank you for signing up for {subject}. What would you like to learn most?",
    }),
    ("downloaded", {
        "ja": "「{subject}」の資料はお役に立ちましたか。御社の場合どうなるかを短くご説明できます。",
        "en": "Was {subject} of use to you? I can outline what it would mean in your case.",
    }),
)  # fmt: skip
"""By what the lead did itself and knows that we know, the strongest first."""
_QUIETLY = {
    "ja": "情報収集のお手伝いができればと思い、ご連絡しました。いま検討されていることはありますか。",
    "en": "I am calling to see whether I can help. What are you looking into at the moment?",
}
"""Where it only read: whoever is told that his visits were watched hangs up, so nothing is said of them."""


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that the lead did itself."""

    at: datetime
    type: str
    subject: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """What is known of a task when sales is told. `score` as the task keeps it, `deeds` newest first."""

    queue: str
    reasons: Sequence[str] = ()
    note: str | None = None
    due: datetime | None = None
    score: Mapping[str, Any] | None = None
    phase: str | None = None
    scenario: str | None = None
    deeds: Sequence[Deed] = ()


@dataclass(frozen=True, slots=True)
class Briefing:
    """The words. `facts` are lines with a label, `opening` is what the rep might say first."""

    language: str
    headline: str
    facts: Sequence[tuple[str, Sequence[str]]]
    opening_label: str
    opening: str
    colon: str = field(default=": ", repr=False)

    def text(self) -> str:
        """As plain text of some lines; without the headline."""
        lines: list[str] = []
        for label, values in (*self.facts, (self.opening_label, (self.opening,))):
            if len(values) == 1:
                lines.append(f"{label}{self.colon}{values[0]}")
            else:
                lines.extend([f"{label}{self.colon.rstrip()}", *(f"- {value}" for value in values)])
        return "\n".join(lines)

    def shown(self) -> dict[str, Any]:
        """As JSON shows it."""
        return {
            "language": self.language, "headline": self.headline, "opening": self.opening,
            "facts": [{"label": label, "values": list(values)} for label, values in self.facts],
        }  # fmt: skip


def brief(grounds: Grounds, definitions: Definitions, language: str, zone: tzinfo) -> Briefing:
    """The words for a rep who reads `language` (`ja`, else English), with times of `zone`."""
    known: Language = "ja" if language.startswith("ja") else "en"
    words = _WORDS[known]
    facts: list[tuple[str, Sequence[str]]] = []

    def tell(label: str, *values: str | None) -> None:
        said = tuple(value for value in values if value)
        if said:
            facts.append((words[label], said))

    tell("rules", *(reason_of(each, definitions, known) for each in grounds.reasons))
    tell("score", *_score(grounds.score, words))
    tell("deeds", *_deeds(grounds.deeds, definitions, known, zone))
    tell("phase", _phase(grounds.phase, definitions))
    tell("scenario", _scenario(grounds.scenario, definitions))
    tell("note", grounds.note)
    tell("due", _at(grounds.due, zone) if grounds.due is not None else None)
    return Briefing(
        language=known, headline=words["headline"].format(queue=grounds.queue), facts=tuple(facts),
        opening_label=words["opening"], opening=_opening(grounds.deeds, known), colon=words["colon"],
    )  # fmt: skip


def _score(score: Mapping[str, Any] | None, words: Mapping[str, str]) -> list[str]:
    if not score:
        return []
    sums = {name: f"{round(score.get(name, 0), 1):g}" for name in ("total", "attributes", "behaviours")}
    items = sorted(((name, points) for name, points in score.get("items", {}).items() if points), key=_by_points)
    return [
        words["sums"].format(**sums),
        *(f"{name} {round(points, 1):+g} {words['points']}" for name, points in items),
    ]


def _by_points(item: tuple[str, float]) -> tuple[float, str]:
    return -item[1], item[0]


def _deeds(deeds: Sequence[Deed], definitions: Definitions, language: str, zone: tzinfo) -> list[str]:
    seen: dict[tuple[str, str], Deed] = {}
    for deed in deeds:
        seen.setdefault((deed.type, deed.subject), deed)
    told = list(seen.values())[:MOST_DEEDS]
    return [" ".join(part for part in (_at(each.at, zone), _did(each, definitions, language)) if part) for each in told]


def _did(deed: Deed, definitions: Definitions, language: str) -> str:
    own = definitions.events.get(deed.type)
    label = _DEEDS[language].get(deed.type) or (own.label if own is not None else None) or deed.type
    if not deed.subject:
        return label
    return f"{label}「{deed.subject}」" if language == "ja" else f"{label} {deed.subject}"


def _opening(deeds: Sequence[Deed], language: str) -> str:
    for type_, words in _OPENINGS:
        found = next((deed for deed in deeds if deed.type == type_ and (deed.subject or type_ == "replied")), None)
        if found is not None:
            return words[language].format(subject=found.subject)
    return _QUIETLY[language]


def _phase(phase: str | None, definitions: Definitions) -> str | None:
    phases = definitions.journey_map.phases if definitions.journey_map is not None else ()
    return next((each.title or each.phase for each in phases if each.phase == phase), phase)


def _scenario(scenario: str | None, definitions: Definitions) -> str | None:
    found = definitions.scenarios.get(scenario or "")
    return (found.title if found is not None else None) or scenario


def _at(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
