"""Says in plain words what pydantic refuses in a file, and where; refuses to know what the files mean."""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag
from pydantic_core import ErrorDetails

from nurture.conditions import KEYWORDS, written
from nurture.errors import near_names
from nurture.yaml_text import Node, Path, Place

_CONDITION_TAGS = {f"<{word}>" for word in (*KEYWORDS, "event")}
_EXPECTED = re.compile(r"'([^']*)'")


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refused value: its path in the data (as far as it exists), the condition around it, what to say."""

    path: Path
    key: str | None
    condition: Path | None
    kind: str
    place: Place
    message: str
    rule: str
    near: str | None = None


def did_you_mean(near: tuple[str, ...] | list[str]) -> str:
    """`; did you mean 'a' or 'b'?`, or nothing."""
    return f"; did you mean {' or '.join(repr(name) for name in near)}?" if near else ""


def refusals(errors: list[ErrorDetails], root: Any, model: Any, node: Node) -> Iterator[Refusal]:
    """Each error of pydantic about the data `root`, read against the annotation `model`, in the order written."""
    for error in errors:
        yield _refusal(error, root, model, node)


def _refusal(error: ErrorDetails, root: Any, model: Any, node: Node) -> Refusal:
    path, condition, of_key = _follow(error["loc"], root)
    kind = error["type"]
    last = str(error["loc"][-1]) if error["loc"] else ""
    key = next((part for part in reversed(path) if isinstance(part, str)), None)
    if kind == "condition":
        condition = path
    if kind == "extra_forbidden":
        known = _known_keys(model, error["loc"][:-1])
        # A mapping that opens with no keyword is read as an event, so a mistyped keyword ends here too.
        near = near_names(last, known)
        listed = f"; known here: {', '.join(known)}" if known and not near else ""
        message = f"unknown key {last!r}{did_you_mean(near)}{listed}"
        free = near[0] if near else None
        return Refusal(path, key, condition, kind, node.find(path).named, message, "unknown-key", free)
    if kind == "missing":
        found = node.find(path)
        place = found.named if _names_a_step(path) else found.place
        return Refusal(path, last, condition, kind, place, _missing(last, path), "missing-key")
    if of_key:
        message = f"{path[-1]!r} cannot be a name: {_say(error, key)}"
        return Refusal(path, key, condition, "key", node.find(path).named, message, "wrong-value")
    value = _at(root, path)
    if kind == "value_error" and isinstance(value, dict) and condition == path and (mistyped := _mistyped(value)):
        wrong, right = mistyped
        message = f"unknown key {wrong!r}; did you mean {right!r}?"
        place = node.find((*path, wrong)).named
        return Refusal((*path, wrong), wrong, condition, kind, place, message, "unknown-key", right)
    found = node.find(path)
    place = found.named if kind == "value_error" and _names_a_step(path) else found.place
    item = "an item of " if path and isinstance(path[-1], int) else ""
    return Refusal(path, key, condition, kind, place, _say(error, key, item), _rule(kind, key))


def _names_a_step(path: Path) -> bool:
    return len(path) == 2 and path[0] == "steps"


def _follow(loc: tuple[int | str, ...], root: Any) -> tuple[Path, Path | None, bool]:
    """The path in the data that `loc` names, the innermost-first condition on the way, and whether a key is meant.

    `loc` also holds the tags of unions (`<did>`), the index 0 of a single condition read as a list of one, and names of
    keys that are absent; none of these is in the data.
    """
    path: list[int | str] = []
    condition: Path | None = None
    value = root
    for part in loc:
        if part == "[key]":
            return tuple(path), condition, True
        inside = (isinstance(value, dict) and isinstance(part, str) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if inside:
            path.append(part)
            value = value[part]
        elif part in _CONDITION_TAGS and condition is None:
            condition = tuple(path)
    return tuple(path), condition, False


def _at(root: Any, path: Path) -> Any:
    for part in path:
        root = root[part]
    return root


def _mistyped(value: dict[str, Any]) -> tuple[str, str] | None:
    if any(name in KEYWORDS for name in value):
        return None  # it was read as what it says; something else is wrong with it
    return next(((name, near[0]) for name in value if (near := near_names(name, KEYWORDS))), None)


# --- what to say ----------------------------------------------------------------------------------------------------


def _missing(name: str, path: Path) -> str:
    whose = f" in {path[-1]!r}" if path and isinstance(path[-1], str) else ""
    return f"the key `{name}` is missing{whose}"


def _rule(kind: str, key: str | None) -> str:
    if kind == "too_short":
        return "empty-until" if key == "until" else "empty"
    if kind in {"condition", "shape"} or kind.endswith("_type"):
        return "wrong-type"
    return "wrong-value"


_PATTERNS = {
    "date": "a date is written 2026-11-01",
    "closed": "a closed day is written 2026-12-29, several 2026-12-29..2027-01-03",
    "email": "a mail address is written name@example.co.jp",
    "language": "a language is written ja, en or pt-BR",
    "at": 'a time of day is written "09:00", from "00:00" to "24:00"',
    "from": 'a time of day is written "09:00", from "00:00" to "24:00"',
    "to": 'a time of day is written "09:00", from "00:00" to "24:00"',
}
_A_NAME = "a name has neither blanks nor slashes, and at most 100 signs"


def _say(error: ErrorDetails, key: str | None, item: str = "") -> str:
    context = error.get("ctx", {})
    got = written(error["input"])
    subject = f"{item}`{key}`" if key else "the file"
    match error["type"]:
        case "value_error":
            return str(context["error"])
        case "condition" | "shape":
            return f"{error['msg']}; this is {got}"
        case "literal_error":
            return f"{subject} {_one_of(str(context['expected']), error['input'])}"
        case "string_pattern_mismatch":
            return f"{_PATTERNS.get(key or '', _A_NAME)}, not {got}"
        case "string_type":
            quotes = f'; write "{got}" in quotes' if isinstance(error["input"], bool | int | float) else ""
            return f"{subject} is a text, not {got}{quotes}"
        case "too_short":
            return f"{subject} must not be empty"
        case "greater_than_equal":
            return f"{subject} is at least {context['ge']}, not {got}"
        case "less_than_equal":
            return f"{subject} is at most {context['le']}, not {got}"
        case kind:
            return f"{subject} is {_KINDS[kind]}, not {got}" if kind in _KINDS else f"{subject}: {error['msg']}"


def _one_of(expected: str, got: Any) -> str:
    words = _EXPECTED.findall(expected)
    near = near_names(got, words) if isinstance(got, str) else ()
    return f"is one of {', '.join(words)}, not {written(got)}{did_you_mean(near)}"


_KINDS = {
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "tuple_type": "a list such as [a, b]",
    "list_type": "a list such as [a, b]",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


# --- which keys are known at a place --------------------------------------------------------------------------------


def _known_keys(model: Any, loc: tuple[int | str, ...]) -> tuple[str, ...]:
    for part in loc:
        model = _below(model, part)
        if model is None:
            return ()
    found = next(_models(model), None)
    return tuple(field.alias or name for name, field in found.model_fields.items()) if found else ()


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    annotation = _bare(annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    elif _is_union(annotation):
        for member in get_args(annotation):
            yield from _models(member)


def _below(annotation: Any, part: int | str) -> Any:
    """The annotation one element of `loc` further down."""
    bare = _bare(annotation)
    if isinstance(bare, type) and issubclass(bare, BaseModel):
        fields: Callable[[], Iterator[Any]] = lambda: (  # noqa: E731
            field.annotation for name, field in bare.model_fields.items() if part in (field.alias, name)
        )
        return next(fields(), None)
    if _is_union(bare):
        members = get_args(bare)
        tagged = next((member for member in members if _tag(member) == part), None)
        if tagged is not None:
            return tagged
        return next((found for member in members if (found := _below(member, part)) is not None), None)
    origin, arguments = get_origin(bare), get_args(bare)
    if origin is tuple and isinstance(part, int):
        return arguments[0]
    if origin is dict and isinstance(part, str):
        return arguments[1]
    return None


def _bare(annotation: Any) -> Any:
    while get_origin(annotation) is Annotated:
        annotation = get_args(annotation)[0]
    return annotation


def _tag(annotation: Any) -> str | None:
    metadata = annotation.__metadata__ if get_origin(annotation) is Annotated else ()
    return next((item.tag for item in metadata if isinstance(item, Tag)), None)


def _is_union(annotation: Any) -> bool:
    return get_origin(annotation) in (Union, types.UnionType)
