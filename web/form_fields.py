"""Reads what was filled into a form and says what is wrong with it, field by field; refuses to keep any of it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ValidationError

from adapters.database.attributes import WrongValue, checked, read
from adapters.database.forms import Answers
from adapters.database.leads import LeadUpsert
from nurture.definitions import Definitions, Form
from web.urlencoded import Garbled

Kind = Literal["email", "text", "number", "choice", "date", "flag", "yes_or_no", "list"]
Complaint = Literal[
    "required", "email", "text", "number", "choice", "date", "flag", "list", "long", "characters", "charset"
]

MOST_CHARACTERS = 400
MOST_ITEMS = 50
_BETWEEN = re.compile(r"[;,、，；\n]")
_LABELS = {
    "email": ("メールアドレス", "Email address"),
    "name": ("お名前", "Name"),
    "company": ("会社名", "Company"),
}
_AUTOCOMPLETE = {"email": "email", "name": "name", "company": "organization"}
_SAID: dict[str, tuple[str, str]] = {
    "required": ("入力してください。", "Please fill this in."),
    "email": (
        "メールアドレスの形をご確認ください(例: name@example.co.jp)。",
        "Please write an address such as name@example.com.",
    ),
    "text": ("1 つの文字列で入力してください。", "Please write one text."),
    "number": ("数字で入力してください。", "Please write a number."),
    "choice": ("一覧から選んでください。", "Please choose one of the list."),
    "date": ("日付を 2026-11-02 のように入力してください。", "Please write a date such as 2026-11-02."),
    "flag": ("「はい」か「いいえ」でお答えください。", "Please answer yes or no (true or false)."),
    "list": (
        f"「、」で区切って、{MOST_ITEMS} 個までで入力してください。",
        f"Please write up to {MOST_ITEMS} words, separated by commas.",
    ),
    "long": (f"{MOST_CHARACTERS} 文字までで入力してください。", f"Please write at most {MOST_CHARACTERS} characters."),
    "characters": ("使えない文字が含まれています。", "It contains characters that cannot be used."),
    "charset": (
        "文字が正しく届きませんでした。もう一度ご入力ください。",
        "The letters did not arrive as they were written. Please fill this in once more.",
    ),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form, as the page shows it. `options` are pairs of value and label."""

    name: str
    kind: Kind
    label: str
    required: bool
    options: tuple[tuple[str, str], ...] = ()
    autocomplete: str = "off"


class _Wrong(Exception):
    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint)
        self.complaint: Complaint = complaint


def said(complaint: Complaint, *, japanese: bool) -> str:
    """The message beside the field."""
    return _SAID[complaint][0 if japanese else 1]


def fields_of(form: Form, definitions: Definitions, *, japanese: bool) -> tuple[Field, ...]:
    """The fields in the order written. The address is always required: the lead is found by it."""
    return tuple(
        _field(name, wanted == "required" or name == "email", definitions, japanese=japanese)
        for name, wanted in form.fields.items()
    )


def read_answers(
    fields: Sequence[Field], told: Mapping[str, Any], definitions: Definitions
) -> tuple[Answers | None, dict[str, Complaint]]:
    """What was filled in, or None with the complaint about each field that is wrong. Unknown names are ignored."""
    values: dict[str, Any] = {}
    wrong: dict[str, Complaint] = {}
    for field in fields:
        try:
            value = _value(field, told.get(field.name), definitions)
        except _Wrong as error:
            wrong[field.name] = error.complaint
            continue
        if value is not None:
            values[field.name] = value
    if wrong:
        return None, wrong
    return Answers(email=values.pop("email"), name=values.pop("name", None), attributes=values), {}


def _field(name: str, required: bool, definitions: Definitions, *, japanese: bool) -> Field:
    autocomplete = _AUTOCOMPLETE.get(name, "off")
    if name in ("email", "name"):
        kind: Kind = "email" if name == "email" else "text"
        return Field(name, kind, _LABELS[name][0 if japanese else 1], required, autocomplete=autocomplete)
    attribute = definitions.attributes.get(name)
    label = _LABELS[name][0 if japanese else 1] if name in _LABELS else name
    if attribute is None:  # only a company may be asked for without being listed
        return Field(name, "text", label, required, autocomplete=autocomplete)
    options = tuple((attribute.values or {}).items())
    kind = attribute.type
    if kind == "flag" and required:
        # a box that has to be ticked could not be answered with no
        kind, options = (
            "yes_or_no",
            (("true", "はい" if japanese else "Yes"), ("false", "いいえ" if japanese else "No")),
        )
    return Field(name, kind, attribute.label or label, required, options, autocomplete)


def _value(field: Field, raw: Any, definitions: Definitions) -> Any:
    if raw is None or raw == [] or (isinstance(raw, str) and not raw.strip()):
        if field.required:
            raise _Wrong("required")
        return None
    if any(isinstance(each, Garbled) for each in (raw if isinstance(raw, list) else [raw])):
        raise _Wrong("charset")
    match field.kind:
        case "email":
            return _address(raw)
        case "text":
            return _line(raw)
        case "list":
            return _items(raw, required=field.required)
        case "number" | "choice" | "date" | "flag" | "yes_or_no":
            complaint: Complaint = "flag" if field.kind == "yes_or_no" else field.kind
            try:
                return _typed(field.name, raw, definitions, plain=field.kind in ("number", "date"))
            except WrongValue:
                raise _Wrong(complaint) from None


def _typed(name: str, raw: Any, definitions: Definitions, *, plain: bool) -> Any:
    """`plain` makes full-width digits and signs ordinary ones. Raises WrongValue."""
    if not isinstance(raw, str):
        return checked(name, raw, definitions)
    line = _line(raw)
    return read(name, unicodedata.normalize("NFKC", line) if plain else line, definitions)


def _address(raw: Any) -> str:
    if not isinstance(raw, str):
        raise _Wrong("email")
    address = unicodedata.normalize("NFKC", _line(raw))
    try:
        return str(LeadUpsert(email=address).email)
    except ValidationError:
        raise _Wrong("email") from None


def _line(raw: Any) -> str:
    """One line of text, without what a database or a mail's header cannot hold."""
    if not isinstance(raw, str):
        raise _Wrong("text")
    line = " ".join(raw.split())
    if len(line) > MOST_CHARACTERS:
        raise _Wrong("long")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in line):
        raise _Wrong("characters")
    return line


def _items(raw: Any, *, required: bool) -> list[str] | None:
    parts = raw if isinstance(raw, list) else [raw]
    if not all(isinstance(part, str) for part in parts):
        raise _Wrong("list")
    items = [line for part in parts for each in _BETWEEN.split(part) if (line := _line(each))]
    if len(items) > MOST_ITEMS:
        raise _Wrong("list")
    if not items and required:
        raise _Wrong("required")
    return items or None
