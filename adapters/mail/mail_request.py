"""Checks a Mail Send request as strictly as SendGrid does and takes the mails out of it; refuses to keep or send any.

It exists so that a request which the built-in sink takes would be taken by the real provider as well.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LARGEST = 30 * 1024 * 1024
MOST_RECIPIENTS = 1000
LARGEST_CUSTOM_ARGS = 10_000

_FIELDS = frozenset({
    "personalizations", "from", "reply_to", "reply_to_list", "subject", "content", "attachments", "template_id",
    "headers", "categories", "custom_args", "send_at", "batch_id", "asm", "ip_pool_name", "mail_settings",
    "tracking_settings",
})  # fmt: skip
_OWN_HEADERS = frozenset({
    "x-sg-id", "x-sg-eid", "received", "dkim-signature", "content-type", "content-transfer-encoding", "to", "from",
    "subject", "reply-to", "cc", "bcc",
})  # fmt: skip
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a request; `field` is a dotted path as the provider writes it."""

    message: str
    field: str | None = None

    def as_json(self) -> dict[str, str | None]:
        return {"message": self.message, "field": self.field, "help": None}


@dataclass(frozen=True, slots=True)
class Person:
    """An address and the name beside it."""

    email: str
    name: str | None


@dataclass(frozen=True, slots=True)
class RequestedMail:
    """One mail for one recipient."""

    to: Person
    sender: Person
    subject: str
    headers: Mapping[str, str]
    text: str
    html: str
    custom_args: Mapping[str, str]
    reply_to: Person | None = None


def read(body: bytes) -> tuple[tuple[RequestedMail, ...], tuple[Fault, ...]]:
    """The mails of a request, or everything that is wrong with it; never both."""
    try:
        request = json.loads(body)
    except (ValueError, RecursionError):
        return (), (Fault("the body is not JSON"),)
    if not _storable(request):
        return (), (Fault("a text holds characters that no mail can carry (NUL or half a surrogate pair)"),)
    if not isinstance(request, dict):
        return (), (Fault("the body is not a JSON object"),)
    faults = tuple(_faults(request))
    return ((), faults) if faults else (tuple(_mails(request)), ())


def _storable(request: Any) -> bool:
    try:
        return b"\\u0000" not in json.dumps(request, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False


def _faults(request: dict[str, Any]) -> Iterator[Fault]:
    yield from (Fault(f"unknown field {name!r}", name) for name in request if name not in _FIELDS)
    yield from _person_faults(request.get("from"), "from")
    if "reply_to" in request:
        yield from _person_faults(request["reply_to"], "reply_to")
    yield from _content_faults(request)
    yield from _map_faults(request, "")
    blocks = request.get("personalizations")
    if not isinstance(blocks, list) or not blocks:
        yield Fault("at least one personalization is required", "personalizations")
        return
    recipients = 0
    for index, block in enumerate(blocks):
        place = f"personalizations.{index}"
        if not isinstance(block, dict):
            yield Fault("a personalization is an object", place)
            continue
        yield from _recipient_faults(block, place)
        yield from _map_faults(block, f"{place}.")
        recipients += sum(len(block[name]) for name in ("to", "cc", "bcc") if isinstance(block.get(name), list))
        if not _subject(request, block):
            yield Fault("a subject of at least one character is required", "subject")
    if recipients > MOST_RECIPIENTS:
        yield Fault(f"more than {MOST_RECIPIENTS} recipients", "personalizations")


def _recipient_faults(block: dict[str, Any], place: str) -> Iterator[Fault]:
    if not isinstance(block.get("to"), list) or not block["to"]:
        yield Fault("at least one recipient is required", f"{place}.to")
    seen: set[str] = set()
    for name in ("to", "cc", "bcc"):
        people = block.get(name, [])
        if not isinstance(people, list):
            yield Fault("this is an array of {email, name}", f"{place}.{name}")
            continue
        for index, person in enumerate(people):
            yield from _person_faults(person, f"{place}.{name}.{index}")
            if isinstance(person, dict) and re.search("[;,]", str(person.get("name", ""))):
                yield Fault("a name holds neither ; nor ,", f"{place}.{name}.{index}.name")
            address = str(person.get("email", "")).lower() if isinstance(person, dict) else ""
            if address in seen:
                yield Fault("an address stands once among to, cc and bcc", f"{place}.{name}")
            seen.add(address)


def _person_faults(person: Any, place: str) -> Iterator[Fault]:
    if not isinstance(person, dict):
        yield Fault("this is an object {email, name}", place)
    elif not isinstance(person.get("email"), str) or not _ADDRESS.fullmatch(person["email"]):
        yield Fault("this is no valid address", f"{place}.email")
    elif not isinstance(person.get("name", ""), str):
        yield Fault("a name is a text", f"{place}.name")


def _content_faults(request: dict[str, Any]) -> Iterator[Fault]:
    content = request.get("content")
    if not isinstance(content, list) or not content:
        yield Fault("at least one part of content is required", "content")
        return
    types = [part.get("type") if isinstance(part, dict) else None for part in content]
    for index, part in enumerate(content):
        if types[index] not in ("text/plain", "text/html"):
            yield Fault("the sink knows text/plain and text/html", f"content.{index}.type")
        elif not isinstance(part.get("value"), str) or not part["value"]:
            yield Fault("a part has at least one character", f"content.{index}.value")
    if types == ["text/html", "text/plain"]:
        yield Fault("text/plain comes first, then text/html", "content")


def _map_faults(block: dict[str, Any], place: str) -> Iterator[Fault]:
    for name in ("headers", "custom_args"):
        given = block.get(name, {})
        if not isinstance(given, dict) or not all(isinstance(value, str) for value in given.values()):
            yield Fault("this is an object of texts", f"{place}{name}")
        elif name == "headers":
            own = sorted(key for key in given if key.lower() in _OWN_HEADERS)
            yield from (Fault(f"the header {key} cannot be set", f"{place}headers.{key}") for key in own)
        elif len(json.dumps(given, ensure_ascii=False).encode(errors="replace")) >= LARGEST_CUSTOM_ARGS:
            yield Fault(f"custom arguments have less than {LARGEST_CUSTOM_ARGS} bytes", f"{place}custom_args")


def _mails(request: dict[str, Any]) -> Iterator[RequestedMail]:
    parts = {part["type"]: part["value"] for part in request["content"]}
    for block in request["personalizations"]:
        for person in (*block["to"], *block.get("cc", ()), *block.get("bcc", ())):
            yield RequestedMail(
                to=_person(person),
                sender=_person(request["from"]),
                subject=_subject(request, block),
                headers={**request.get("headers", {}), **block.get("headers", {})},
                text=parts.get("text/plain", ""),
                html=parts.get("text/html", ""),
                custom_args={**request.get("custom_args", {}), **block.get("custom_args", {})},
                reply_to=_person(request["reply_to"]) if "reply_to" in request else None,
            )


def _person(person: dict[str, Any]) -> Person:
    return Person(person["email"], person.get("name"))


def _subject(request: dict[str, Any], block: dict[str, Any]) -> str:
    subject = block.get("subject", request.get("subject"))
    return subject if isinstance(subject, str) else ""
