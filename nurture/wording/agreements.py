"""Says a hot lead definition field by field, and what differs between two, in one language; refuses to judge either."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nurture.conditions import Condition
from nurture.definitions import Definitions, HotLead
from nurture.wording.conditions import Language, Words

_LABELS: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "any": "どれか一つ", "all": "すべて必要", "not": "除く", "queue": "渡し先", "cool_down": "冷却期間",
    },
    "en": {"any": "Any of", "all": "All of", "not": "None of", "queue": "Queue", "cool_down": "Cool-down"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class FieldWords:
    """One key of hot_lead.yaml, what people call it, and its values in words."""

    key: str
    label: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One key of hot_lead.yaml, and which of its values are gone and new."""

    key: str
    label: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


def fields_of(hot: HotLead | None, definitions: Definitions, language: Language) -> tuple[FieldWords, ...]:
    """The definition in words; keys that say nothing are left out."""
    if hot is None:
        return ()
    words = Words(definitions, language)

    def said(rules: Sequence[Condition] | None) -> tuple[str, ...]:
        return tuple(words.condition(each) for each in rules or ())

    values = {
        "any": said(hot.any), "all": said(hot.all), "not": said(hot.not_), "queue": (hot.queue,),
        "cool_down": (words.span(hot.cool_down) if language == "ja" else str(hot.cool_down),),
    }  # fmt: skip
    labels = _LABELS[language]
    return tuple(FieldWords(key, labels[key], each) for key, each in values.items() if each)


def differences(
    old: HotLead | None, new: HotLead | None, definitions: Definitions, language: Language
) -> tuple[FieldChange, ...]:
    """What another definition asks otherwise, whatever the order in which either is written."""
    before, after = (
        {each.key: each for each in fields_of(hot, definitions, language)} for hot in (old, new)
    )  # fmt: skip
    found = []
    for key, label in _LABELS[language].items():
        one, other = (each[key].values if key in each else () for each in (before, after))
        gone, fresh = (tuple(each for each in some if each not in rest) for some, rest in ((one, other), (other, one)))
        if gone or fresh:
            found.append(FieldChange(key, label, gone, fresh))
    return tuple(found)
