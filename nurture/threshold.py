"""Finds the total from which a lead is hot by that alone, and writes another one into hot_lead.yaml; judges neither."""

from __future__ import annotations

from typing import Any

import yaml

from nurture.agreement import FILE, definition_of, root_of
from nurture.conditions import Condition, ScoreIs
from nurture.definitions import HotLead
from nurture.errors import NurtureError


class NoThreshold(NurtureError):
    """No rule asks for the total alone."""

    def __init__(self) -> None:
        do = "agree on the definition as it stands, and change its rules in the file"
        super().__init__("no rule asks for the total alone, so there is no threshold", where=FILE, do=do)


class SameThreshold(NurtureError):
    """The threshold that is asked for is there already."""

    def __init__(self, total: int) -> None:
        do = "name another total, or agree on the definition as it stands"
        super().__init__(f"the threshold is {total} already", where=FILE, do=do)


def threshold_of(hot: HotLead | None) -> float | None:
    """The threshold; None where no rule asks for the total alone. Of several it is the lowest."""
    several = [*(hot.any or ()), *(hot.all or ())] if hot is not None else []
    return min((total for each in several if (total := _asked(each)) is not None), default=None)


def with_threshold(text: str, total: int) -> str:
    """The text with another threshold; every other character stays.

    Raises NoThreshold, SameThreshold, and NurtureError where the rest cannot be kept as it is.
    """
    before = definition_of(text, "mend it first: `nurture check` shows where")
    now = threshold_of(before)
    if now is None:
        raise NoThreshold
    if now == total:
        raise SameThreshold(total)
    changed = text
    for node in sorted(_bounds(text, now), key=lambda each: each.start_mark.index, reverse=True):
        changed = changed[: node.start_mark.index] + str(total) + changed[node.end_mark.index :]
    do = f"write `at_least: {total}` into the file yourself"
    if definition_of(changed, do) != _moved(before, now, total):
        raise NurtureError("the threshold cannot be written without changing more", where=FILE, do=do)
    return changed


def _asked(rule: Condition) -> float | None:
    return rule.at_least if isinstance(rule, ScoreIs) and rule.score == "total" else None


def _moved(hot: HotLead, now: float, total: int) -> HotLead:
    def moved(rules: tuple[Condition, ...] | None) -> tuple[Condition, ...] | None:
        if rules is None:
            return None
        return tuple(
            each.model_copy(update={"at_least": total}) if isinstance(each, ScoreIs) and _asked(each) == now else each
            for each in rules
        )

    return hot.model_copy(update={"any": moved(hot.any), "all": moved(hot.all)})


def _bounds(text: str, now: float) -> list[Any]:
    """The nodes that hold the threshold in the text."""
    found: list[Any] = []
    for key, value in root_of(text).value:
        if key.value not in ("any", "all"):
            continue
        for rule in value.value:
            said = {each.value: bound for each, bound in rule.value} if isinstance(rule, yaml.MappingNode) else {}
            if "at_least" in said and "score" in said and said["score"].value == "total":
                found += [said["at_least"]] if _number(said["at_least"]) == now else []
    return found


def _number(node: Any) -> float | None:
    try:
        return float(node.value)
    except ValueError:
        return None
