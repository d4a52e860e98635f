"""Finds tests and values that do not fit the type of their attribute, and tests that no value passes."""

from __future__ import annotations

from datetime import date
from typing import Any

from nurture.checks.findings import At, Findings
from nurture.checks.spots import spots
from nurture.conditions import AttributeIs, Scalar, written
from nurture.definitions import Attribute, AttributeType
from nurture.errors import near_names
from nurture.refusals import did_you_mean

TESTS: dict[AttributeType, tuple[str, ...]] = {
    "text": ("is", "in", "contains", "known"),
    "number": ("at_least", "at_most", "is", "in", "known"),
    "choice": ("is", "in", "known"),
    "date": ("is", "in", "before", "after", "known"),
    "flag": ("is", "known"),
    "list": ("contains", "known"),
}
"""Which tests each type of attribute takes."""

_VALUES: dict[AttributeType, str] = {
    "text": "a text",
    "number": "a number",
    "choice": "one of its values",
    "date": "a date such as 2026-11-01",
    "flag": "true or false",
    "list": "a text",
}


def check_attributes(found: Findings) -> None:
    """Every test of an attribute, every `set`, every deadline by a date attribute."""
    folder = found.folder
    declared = folder.definitions.attributes
    for spot in spots(folder):
        for at, part in spot.parts():
            if isinstance(part, AttributeIs) and (attribute := _sound(found, part.attribute)):
                _test(found, at, part, attribute)
    for name, scenario in folder.definitions.scenarios.items():
        for step_name, step in scenario.steps.items():
            at = At(folder.scenario_files[name]).to("steps", step_name)
            if step.set is not None and step.set.attribute in declared:
                _written(found, at.to("set", "to"), step.set.attribute, step.set.to)
            if step.by is not None and (attribute := _sound(found, step.by.attribute)) and attribute.type != "date":
                message = f"a wait `by` needs a date, and {step.by.attribute!r} is a {attribute.type}"
                found.error(at.to("wait", "by", "attribute"), message, "attribute-test")


def _sound(found: Findings, name: str) -> Attribute | None:
    attribute = found.folder.definitions.attributes.get(name)
    return attribute if attribute is not None and found.folder.sound("attributes.yaml", (name,)) else None


def _test(found: Findings, at: At, test: AttributeIs, attribute: Attribute) -> None:
    tests = test.model_dump(by_alias=True, exclude_none=True, exclude={"attribute"})
    fits = TESTS[attribute.type]
    for name, value in tests.items():
        if name not in fits:
            message = f"{test.attribute!r} is a {attribute.type}: `{name}` does not fit it; fitting: {', '.join(fits)}"
            found.error(at.key(name), message, "attribute-test")
        elif name == "in":
            for index, each in enumerate(value):
                _value(found, at.to("in", index), test.attribute, attribute, each)
        elif name != "known":
            _value(found, at.to(name), test.attribute, attribute, value)
    low, high = test.at_least, test.at_most
    if low is not None and high is not None and low > high:
        found.error(at, f"no number is at least {low:g} and at most {high:g}", "never-true")
    first, last = as_date(test.after), as_date(test.before)
    if first is not None and last is not None and (last - first).days < 2:
        found.error(at, f"no day is after {first} and before {last}", "never-true")


def _written(found: Findings, at: At, name: str, value: Any) -> None:
    attribute = _sound(found, name)
    if attribute is None or value is None:
        return
    if isinstance(value, tuple) != (attribute.type == "list"):
        wanted = "a list such as [a, b]" if attribute.type == "list" else _VALUES[attribute.type]
        message = f"{name!r} is a {attribute.type}: {wanted} is expected, not {written(value)}"
        found.error(at, message, "attribute-value")
        return
    for each in value if isinstance(value, tuple) else (value,):
        _value(found, at, name, attribute, each)


def _value(found: Findings, at: At, name: str, attribute: Attribute, value: Scalar) -> None:
    if attribute.type == "choice" and attribute.values is not None:
        if value not in attribute.values:
            near = near_names(str(value), attribute.values)
            rest = did_you_mean(near) or f"; known: {', '.join(attribute.values)}"
            found.error(at, f"{name!r} has no value {value!r}{rest}", "unknown-value")
        return
    if not _is(attribute.type, value):
        message = f"{name!r} is a {attribute.type}: {_VALUES[attribute.type]} is expected, not {written(value)}"
        found.error(at, message, "attribute-value")


def _is(type: AttributeType, value: Scalar) -> bool:
    match type:
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "flag":
            return isinstance(value, bool)
        case "date":
            return isinstance(value, str) and as_date(value) is not None
        case _:
            return isinstance(value, str)


def as_date(text: str | None) -> date | None:
    """A day as people write it, `2026-11-01`; None for anything else."""
    if text is None or len(text) != 10:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
