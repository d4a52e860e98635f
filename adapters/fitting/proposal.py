"""Writes a fitted score as files that people edit: score.yaml with its evidence, and what it names; decides nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapters.fitting.card import Card
from adapters.fitting.study import Evidence, Study
from adapters.history_file import HistoryFile
from nurture.conditions import BUILT_IN_EVENTS, AttributeIs, Happened, parts
from nurture.definitions import Attribute, AttributeItem, BehaviourItem, Definitions
from nurture.errors import NurtureError
from nurture.loading import load

_CHOICES = 200
"""A choice with more values than that is declared as text."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """The files by their path in the folder to be written, and the attributes that the present folder lacks."""

    files: Mapping[str, str]
    new_attributes: tuple[str, ...]


def proposal_of(study: Study, history: HistoryFile, present: Definitions | None, *, language: str = "en") -> Proposal:
    """score.yaml with all that it names, and under held_out/ the card that the report judges.

    `present`: the definitions of the folder it is meant for; what these declare is written as it is there.
    """
    declared = present.attributes if present is not None else {}
    cards = {"": study.card, **({"held_out/": study.trials[0].card} if study.trials else {})}
    files: dict[str, str] = {}
    new: tuple[str, ...] = ()
    for folder, card in cards.items():
        named = _attributes(card)
        known = {name: _declared(name, history, declared.get(name)) for name in named}
        if not folder:
            new = tuple(name for name in named if known[name] != declared.get(name))
        files[f"{folder}score.yaml"] = _score(card, study, language=language, final=not folder)
        if known:
            files[f"{folder}attributes.yaml"] = _attributes_file(known, new, language)
        own = _own_events(card)
        if own:
            files[f"{folder}events.yaml"] = "".join(f"{_flow(name)}: {{}}\n" for name in own)
        _proved({each.removeprefix(folder): text for each, text in files.items() if each.startswith(folder)}, card)
    return Proposal(files, new)


def _proved(files: Mapping[str, str], card: Card) -> None:
    """Refuse to hand out files that say something else than the card that was judged, or that have errors."""
    loaded = load({name: text for name, text in files.items() if "/" not in name})
    wrong = [problem for problem in loaded.problems if problem.severity == "error"]
    if wrong or loaded.definitions.score != card.score:
        what = str(wrong[0]) if wrong else "it reads back as another score"
        raise NurtureError(f"the fitted score cannot be written: {what}", do="this is a mistake of Nurture: report it")


def _score(card: Card, study: Study, *, language: str, final: bool) -> str:
    evidence = {each.item.item: each for each in study.evidence} if final else {}
    lines = list(_head(study, language)) if final else [_HELD_OUT[language]]
    several: dict[str, Sequence[AttributeItem | BehaviourItem]] = {
        "attributes": card.score.attributes,
        "behaviours": card.score.behaviours,
    }
    for key, items in several.items():
        if items:
            lines.append(f"{key}:")
            lines += [_item(each, evidence.get(each.item), language) for each in items]
    return "\n".join(lines) + "\n"


_HELD_OUT = {
    "en": "# The card that the report judges: fitted as ../score.yaml, without the leads that it was judged by.",
    "ja": "# レポートで評価したカード。../score.yaml と同じ方法で、評価に使ったリードを除いて作ったもの。",
}


def _head(study: Study, language: str) -> Iterator[str]:
    trial = study.trials[0]
    mine = trial.contenders[0].auc
    if language == "ja":
        yield f"# {study.leads} 件の商談(うち受注 {study.wins} 件)から作ったスコア案。手で直してかまいません。"
        yield f"# 学習に使っていないリードでの AUC は {mine.value:.3f}({mine.low:.3f}–{mine.high:.3f})"
        yield (
            f"# ホットリードの条件の案: {{score: total, at_least: {study.threshold}}}"
            if study.chooses
            else f"# ホットリードの条件の案はありません。しきい値 {study.threshold} では選んだことになりません"
        )
        yield "# 行末のコメント: 点が付いたリードの数、その受注率と 95% 信頼区間"
        return
    yield f"# Proposed from {study.leads} deals, {study.wins} of them won. Change points and items as you see fit."
    yield f"# On leads it was not fitted to: AUC {mine.value:.3f} ({mine.low:.3f} to {mine.high:.3f}); see report.html."
    yield (
        f"# A rule for hot_lead.yaml: {{score: total, at_least: {study.threshold}}}"
        if study.chooses
        else f"# No rule for hot_lead.yaml is proposed: threshold {study.threshold} takes too many leads."
    )
    yield "# At the end of a line: how many leads get the points, their win rate and the interval that holds it (95 %)."


def _item(item: AttributeItem | BehaviourItem, evidence: Evidence | None, language: str) -> str:
    said = item.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True)
    said = {key: value for key, value in said.items() if value is not None}
    line = f"  - {_flow(said)}"
    if evidence is None:
        return line
    rate = evidence.rate
    leads = f"{evidence.leads} 件" if language == "ja" else f"{evidence.leads} leads"
    return f"{line}   # {leads}, {rate.value:.1%} ({rate.low:.1%}–{rate.high:.1%})"


def _attributes(card: Card) -> list[str]:
    return list(
        dict.fromkeys(p.attribute for c in card.score.attributes for p in parts(c.when) if isinstance(p, AttributeIs))
    )


def _own_events(card: Card) -> list[str]:
    """The event types that are not built in."""
    named = (p.event.type for c in card.score.behaviours for p in parts(c.when) if isinstance(p, Happened))
    return [name for name in dict.fromkeys(named) if name not in BUILT_IN_EVENTS]


def _declared(name: str, history: HistoryFile, present: Attribute | None) -> Attribute:
    """An attribute as attributes.yaml has it, with the values that the table has besides; else made from the table."""
    kind = history.columns.attributes()[name].type or "text"
    if present is not None and present.type == kind and kind != "choice":
        return present
    if kind != "choice":
        return Attribute(type=kind, axis="demographic")
    known = (present.values if present is not None else None) or {}
    values: Iterable[Any] = (deal.lead.attributes.get(name) for deal in history.deals)
    distinct = {**known, **{str(value): str(value) for value in values if value is not None and value not in known}}
    if present is not None and present.type == kind:
        return present.model_copy(update={"values": distinct})
    if len(distinct) > _CHOICES:
        return Attribute(type="text", axis="demographic")
    return Attribute(type="choice", axis="demographic", values=distinct)


def _attributes_file(known: Mapping[str, Attribute], new: Iterable[str], language: str) -> str:
    said = "新しい属性。軸と表示名を確かめてください" if language == "ja" else "new: see to its axis and label"
    lines = []
    for name, attribute in known.items():
        body = attribute.model_dump(mode="json", by_alias=True, exclude_none=True)
        lines.append(f"{_flow(name)}: {_flow(body)}" + (f"   # {said}" if name in new else ""))
    return "\n".join(lines) + "\n"


def _flow(value: Any) -> str:
    """A value on one line."""
    if isinstance(value, str):
        bare = value.replace("_", "a").replace("-", "a").isalnum() and not value[0].isdigit() and value[0] != "-"
        return value if bare and value.lower() not in _WORDS else json.dumps(value, ensure_ascii=False)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(each) for each in value) + "]"
    return json.dumps(value)


_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
