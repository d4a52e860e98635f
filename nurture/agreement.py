"""Writes into the text of hot_lead.yaml when and by whom it was agreed, and says when it no longer is.

Everything else in the file stays as it was written: comments, order, layout. Refuses to read or write files.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

import yaml
from pydantic import ValidationError

from nurture.definitions import Agreed, HotLead
from nurture.errors import NurtureError
from nurture.reading import read_source
from nurture.yaml_text import read_yaml

FILE = "hot_lead.yaml"
_PLAIN = re.compile(r"[^\W\d]\w*(?:[ .-]\w+)*")


def agree(text: str, agreed: Agreed) -> str:
    """The text with this agreement in the place of the one before, or as its first key.

    Raises NurtureError where the text is no hot lead definition, or cannot be changed without changing more.
    """
    before = definition_of(text, "mend it first: `nurture check` shows where")
    if before.agreed == agreed:
        return text
    changed = _replaced(text, agreed) if before.agreed is not None else _added(text, agreed)
    do = f"write `agreed: {_mapping(agreed)}` into the file yourself"
    if definition_of(changed, do) != before.model_copy(update={"agreed": agreed}):
        raise NurtureError("the agreement cannot be written without changing more", where=FILE, do=do)
    return changed


def agreed_by(names: Sequence[str], day: str) -> Agreed:
    """The agreement of these on this day, each name once. Raises NurtureError with where: `by` or `date`."""
    said = [" ".join(name.split()) for name in names]
    if not said or not all(said):
        raise NurtureError("nobody is named who agrees", where="by", do="name both departments, or people of both")
    try:
        date.fromisoformat(day)
        return Agreed(date=day, by=tuple(dict.fromkeys(said)))
    except (ValueError, ValidationError) as error:
        raise NurtureError(f"{day!r} is not a day", where="date", do="write 2026-11-01") from error


@lru_cache(maxsize=256)
def read_hot_lead(text: str | None) -> HotLead | None:
    """The definition that a file holds, one that was deployed; None where it holds none."""
    model = read_source("hot_lead", FILE, text).model if text is not None else None
    return model if isinstance(model, HotLead) else None


def not_agreed(old: HotLead | None, new: HotLead | None) -> str | None:
    """Why the new definition is nobody's agreement, in words; None where it is one, or says the same as the old one."""
    if new is None or same(old, new):
        return None
    if new.agreed is None:
        return "nobody has agreed on the hot lead definition: it has no `agreed`"
    if old is not None and old.agreed == new.agreed:
        return f"the hot lead definition has changed, and `agreed` is still that of {new.agreed.date}"
    return None


def same(one: HotLead | None, other: HotLead | None) -> bool:
    """True where both ask the same, whoever agreed on it and in whatever order it is written."""
    return one is not None and other is not None and _meaning(one) == _meaning(other)


def _meaning(hot: HotLead) -> tuple[object, ...]:
    """What a definition asks, whatever the order in which it is written."""
    several = (frozenset(each) if each is not None else None for each in (hot.any, hot.all, hot.not_))
    return (*several, hot.queue, hot.cool_down)


def definition_of(text: str, do: str) -> HotLead:
    """What the text says, without an error. Raises NurtureError with `do`."""
    source = read_source("hot_lead", FILE, text)
    first = next((each for each in source.problems if each.severity == "error"), None)
    if not isinstance(source.model, HotLead) or first is not None:
        raise NurtureError("this is no hot lead definition", where=str(first) if first else FILE, do=do)
    return source.model


def _replaced(text: str, agreed: Agreed) -> str:
    """Put the new date and the new names where the old ones stand."""
    inside = _entry(root_of(text), "agreed")
    date, by = _entry(inside, "date"), _entry(inside, "by")
    changes = [(date.start_mark.index, date.end_mark.index, agreed.date)]
    if [_said(each) for each in by.value] != list(agreed.by):
        changes.append(_names(by, agreed.by, _line_end(text)))
    for start, end, written in sorted(changes, reverse=True):
        text = text[:start] + written + text[end:]
    return text


def _names(node: Any, by: Sequence[str], line_end: str) -> tuple[int, int, str]:
    """Where the list of names stands, and the new one in the same style."""
    start, last = node.start_mark, node.value[-1].end_mark
    if node.flow_style:
        return start.index, node.end_mark.index, _list(by)
    # what follows a list in block style, comments too, is part of it to the parser
    return start.index, last.index, f"{line_end}{' ' * start.column}".join(f"- {_quoted(name)}" for name in by)


def _added(text: str, agreed: Agreed) -> str:
    root = root_of(text)
    entry = f"agreed: {_mapping(agreed)}"
    first = root.value[0][0].start_mark
    after = ", " if root.flow_style else _line_end(text) + " " * first.column
    return text[: first.index] + entry + after + text[first.index :]


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def root_of(text: str) -> Any:
    """The text as nodes that know where they stand."""
    # the reader in Python: it counts characters, and the file is small
    return yaml.compose(text, Loader=yaml.SafeLoader)


def _entry(mapping: Any, name: str) -> Any:
    return next(value for key, value in mapping.value if key.value == name)


def _said(node: Any) -> str:
    return str(node.value)


def _mapping(agreed: Agreed) -> str:
    return f"{{date: {agreed.date}, by: {_list(agreed.by)}}}"


def _list(names: Sequence[str]) -> str:
    return f"[{', '.join(map(_quoted, names))}]"


def _quoted(name: str) -> str:
    """A name as YAML reads it back: in quotes where it would be something else without."""
    plain = _PLAIN.fullmatch(name) is not None and read_yaml(name, file=FILE).data == name
    return name if plain else json.dumps(name, ensure_ascii=False)
