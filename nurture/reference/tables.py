"""Reads the keys of a model from its JSON Schema: type, default, meaning; refuses to know in which order they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from nurture.definitions import ClosedDays, Language, Name, TimeOfDay
from nurture.durations import PATTERN
from nurture.reference.words import Words

CONDITIONS = (
    "Happened", "Did", "AttributeIs", "ScoreIs", "InSegment", "InPhase", "PhaseBound", "IsHot", "OutcomeIs", "All",
    "AnyOf", "Not",
)  # fmt: skip
"""The models of the condition language: they have a chapter of their own."""
EVENT = "EventPattern"

Schema = Mapping[str, Any]


def _pattern(annotation: Any) -> str:
    found: str = TypeAdapter(annotation).json_schema()["pattern"]
    return found


_TEXTS = {
    PATTERN: "duration",
    _pattern(Name): "name",
    _pattern(TimeOfDay): "time",
    _pattern(Language): "language",
    _pattern(ClosedDays): "days",
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$": "day",
    r"^[^@\s]+@[^@\s]+$": "address",
}
"""Texts of a certain form, by their pattern: what the form is called in `Words.types`."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key of a model: `default` is None where the key is required or may simply be absent."""

    name: str
    type: str
    required: bool
    default: str | None
    meaning: str


def models(schema: Schema) -> list[str]:
    """The models that a file consists of, the file itself left out, in the order in which they are met."""
    defined = schema.get("$defs", {})
    met: list[str] = []

    def visit(part: Any) -> None:
        for name in _references(part):
            if name not in met and name not in (*CONDITIONS, EVENT):
                met.append(name)
                visit(defined[name]["properties"])

    visit({key: value for key, value in schema.items() if key != "$defs"})
    return met


def _references(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        if "$ref" in part:
            yield part["$ref"].rpartition("/")[2]
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)


def keys(name: str, model: Schema, words: Words) -> list[Key]:
    """Every key of a model, as written in YAML and in the order of the model."""
    required = model.get("required", ())
    return [
        Key(key, said(part, words), key in required, _default(part), words.meaning(f"{name}.{key}", part))
        for key, part in model["properties"].items()
    ]


def _default(part: Schema) -> str | None:
    default = part.get("default")
    if default in (None, [], {}, "") or isinstance(default, dict):
        return None
    return _in_yaml(default)


def _in_yaml(value: Any) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text}"' if re.fullmatch(r"\d\d:\d\d", text) else text


def said(part: Schema, words: Words) -> str:
    """The type of a value in words: what may be written there."""
    if members := part.get("oneOf") or part.get("anyOf"):
        return _either(members, words)
    if "$ref" in part:
        return words.link(part["$ref"].rpartition("/")[2])
    if "const" in part or "enum" in part:
        return " ".join(f"`{_in_yaml(value)}`" for value in part.get("enum", [part.get("const")]))
    match part.get("type"):
        case "string":
            return words.types[_TEXTS.get(part.get("pattern", ""), "text")]
        case "integer" | "number" | "boolean" as kind:
            return words.types[kind] + _bounds(part, words)
        case "array":
            return words.types["list"].format(of=said(part["items"], words))
        case "object":
            return words.types["mapping"].format(of=said(_values(part), words))
    return words.types["any"]


def _either(members: list[Schema], words: Words) -> str:
    """Several forms of one value; the forms of a condition are one, and so are those of a plain value."""
    names = [member.get("$ref", "").rpartition("/")[2] for member in members]
    if "AttributeIs" in names:
        return words.link("Condition")
    kinds = {member.get("type") for member in members}
    if {"boolean", "string"} <= kinds:
        return words.types["scalar"]
    if {"integer", "number"} <= kinds:
        members = [member for member in members if member.get("type") != "integer"]
    forms = [said(member, words) for member in members if member.get("type") != "null"]
    return words.types["or"].join(dict.fromkeys(forms))


def _bounds(part: Schema, words: Words) -> str:
    low, high = part.get("minimum"), part.get("maximum")
    if low is None and high is None:
        return ""
    return (
        words.types["between"].format(low=low, high=high) if high is not None else words.types["from"].format(low=low)
    )


def _values(part: Schema) -> Schema:
    """What stands behind the keys of a mapping."""
    if "patternProperties" in part:
        found: Schema = next(iter(part["patternProperties"].values()))
        return found
    given = part.get("additionalProperties")
    return given if isinstance(given, Mapping) else {}
