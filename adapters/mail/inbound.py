"""Reads what SendGrid's Inbound Parse hands in, its parsed fields or the raw mail; refuses to judge or store it."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from email.utils import getaddresses
from typing import Any

from python_multipart import parse_form
from python_multipart.exceptions import FormParserError

from adapters.mail.charsets import decoded
from adapters.mail.html_words import from_html
from nurture.errors import NurtureError

LONGEST_TEXT = 50_000
LONGEST_SUBJECT = 400
_MOST_ADDRESSES = 50
_LONGEST_HEADER, _MOST_HEADERS = 2_000, 300
_LONGEST_ADDRESSES, _MOST_OF_A_NAME = 10_000, 10
"""More of a header than this is not looked at: to find encoded words takes the library the square of its length."""


class MalformedInbound(NurtureError):
    """A request that is no mail: trying it again would change nothing."""

    def __init__(self, fault: str) -> None:
        super().__init__(
            f"the request holds no mail: {fault}",
            where="POST /webhooks/inbound",
            do="let Inbound Parse post here; see docs/unsubscribe.md",
        )


@dataclass(frozen=True, slots=True)
class Inbound:
    """One mail that came in. `to`: every address it was for, in lower case; `headers`: by name in lower case.

    `identity` is the same for the same mail, however often it is handed in; `proven`: the sender's own domain vouches
    for it, by a signature (DKIM) or by the server that handed it over (SPF). Anybody can write any From.
    """

    to: tuple[str, ...]
    sender: str
    subject: str
    text: str
    identity: str
    headers: Mapping[str, str] = field(default_factory=dict)
    attachments: int = 0
    proven: bool = False


def read(body: bytes, content_type: str) -> Inbound:
    """The mail of one request.

    Raises:
        MalformedInbound: it is not multipart/form-data, has neither a raw mail nor a sender, or cannot be read at all.
    """
    try:
        return _read(body, content_type)
    except MalformedInbound:
        raise
    except Exception as error:  # whatever a library says of a mail made to break it, RecursionError among it
        raise MalformedInbound(f"it cannot be read ({type(error).__name__})") from error


def _read(body: bytes, content_type: str) -> Inbound:
    fields, files = _form(body, content_type)
    charsets = _json(fields.get("charsets"))
    envelope = _json(fields.get("envelope"))
    if "email" in fields:
        message = message_from_bytes(_shortened(fields["email"]))
        subject, text, attachments = _words(message.get("Subject", "")), *_text_of(message)
        identified = fields["email"]
    else:
        told = {
            name: decoded(fields[name], _charset(charsets, name))
            for name in ("subject", "text", "html", "headers")
            if name in fields
        }
        message = message_from_bytes(_shortened(told.get("headers", "").encode(errors="replace")))
        for name in ("from", "to"):
            if name not in message and name in fields:
                message[name] = _one_line(decoded(fields[name], _charset(charsets, name)))
        subject, text = told.get("subject", ""), told.get("text", "")
        if not text.strip() and "html" in told:
            text = from_html(told["html"])
        attachments = _number(fields.get("attachments"), files)
        identified = b"\n".join(
            (fields.get("from", b""), fields.get("subject", b""), fields.get("text", b""), fields.get("html", b""))
        )
    headers = {_storable(name.lower()): _one_line(_words(value)) for name, value in message.items()[:_MOST_HEADERS]}
    senders = _addresses(message.get_all("From", []))
    sender = senders[0] if senders else str(envelope.get("from") or "").strip().lower()
    if not sender and not headers:
        raise MalformedInbound("it has neither `email` nor `headers` nor `from`")
    if envelope and not envelope.get("from") and "from" in envelope:
        headers.setdefault("return-path", "<>")
    told_to = envelope.get("to")
    to = [
        str(each).strip().lower() for each in (told_to if isinstance(told_to, list) else [told_to] if told_to else [])
    ]
    to += _addresses([*message.get_all("To", []), *message.get_all("Cc", []), *message.get_all("Delivered-To", [])])
    named = headers.get("message-id", "").strip()
    identity = hashlib.sha256(named.encode(errors="replace") if named else identified).hexdigest()
    return Inbound(
        to=tuple(dict.fromkeys(map(_storable, to)))[:_MOST_ADDRESSES],
        sender=_storable(sender)[:320],
        subject=_one_line(_storable(subject))[:LONGEST_SUBJECT],
        text=_storable(text)[:LONGEST_TEXT],
        identity=identity,
        headers=headers,
        attachments=attachments,
        proven=_proven(fields, sender, str(envelope.get("from") or "")),
    )


# --- the request ----------------------------------------------------------------------------------------------------


def _form(body: bytes, content_type: str) -> tuple[dict[str, bytes], int]:
    """The fields, as bytes since each has a character set of its own, and how many files there are."""
    fields: dict[str, bytes] = {}
    files: list[None] = []

    def on_field(each: Any) -> None:
        fields.setdefault((each.field_name or b"").decode(errors="replace"), each.value or b"")

    def on_file(each: Any) -> None:
        files.append(None)
        each.close()

    if not content_type.lower().startswith("multipart/form-data"):
        raise MalformedInbound("it is not multipart/form-data")
    try:
        parse_form(
            {"Content-Type": content_type.encode("latin-1", errors="replace")}, io.BytesIO(body), on_field, on_file
        )
    except (FormParserError, ValueError) as error:
        raise MalformedInbound("its parts cannot be told apart") from error
    return fields, len(files)


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        found = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _charset(charsets: Mapping[str, Any], name: str) -> str | None:
    told = charsets.get(name)
    return told if isinstance(told, str) else None


def _proven(fields: Mapping[str, bytes], sender: str, handed_over_by: str) -> bool:
    """Whether SendGrid's `dkim`, such as `{@example.com : pass}`, or `SPF` passed for the domain of the sender."""
    own = sender.rpartition("@")[2]
    dkim = fields.get("dkim", b"").decode(errors="replace").lower()
    signed = [domain for domain, result in re.findall(r"@([^\s:,{}@]{1,255})\s*:\s*(\w+)", dkim) if result == "pass"]
    if fields.get("SPF", b"").strip().lower() == b"pass":
        signed.append(handed_over_by.strip().lower().rpartition("@")[2])
    return bool(own) and any(_akin(own, each) for each in signed)


def _akin(one: str, other: str) -> bool:
    """Of one organisation: the same domain, or one below the other."""
    return bool(other) and (one == other or one.endswith(f".{other}") or other.endswith(f".{one}"))


def _number(told: bytes | None, files: int) -> int:
    return max(int(told), files) if told is not None and told.isdigit() and len(told) < 4 else files


_OF_CONTENT = re.compile(
    rb"(?<![^\r\n])content-[a-z-]{1,40}:[^\r\n]*+(?:(?:\r\n|\r|\n)[ \t][^\r\n]*+)*+", re.IGNORECASE
)


def _shortened(mail: bytes) -> bytes:
    """With no more of a header of a part than a mail program writes: parameters, too, take the square of it."""
    return _OF_CONTENT.sub(lambda found: found[0][:_LONGEST_HEADER], mail)


# --- the mail -------------------------------------------------------------------------------------------------------


def _text_of(message: Message) -> tuple[str, int]:
    """The plain text (made of the HTML where there is no other), and how many attachments there are."""
    plain: list[str] = []
    html: list[str] = []
    attachments = 0
    for part in message.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        if part.get_content_disposition() == "attachment" or kind not in ("text/plain", "text/html"):
            attachments += 1
            continue
        content = part.get_payload(decode=True)
        said = part.get_param("charset")  # `get_content_charset` asks Python for whatever RFC 2231's form names
        charset = said[2] if isinstance(said, tuple) else said
        text = decoded(content if isinstance(content, bytes) else b"", charset)
        (plain if kind == "text/plain" else html).append(text)
    text = "\n".join(plain)
    return (text if text.strip() or not html else from_html("\n".join(html))), attachments


def _words(header: object, longest: int = _LONGEST_HEADER) -> str:
    """A header in words: encoded ones are read, in whatever character set."""
    said = str(header)[:longest]
    try:
        return _storable("".join(_decoded(part, charset) for part, charset in decode_header(said)))
    except (HeaderParseError, ValueError, LookupError):  # half an encoded word
        return _storable(said)


def _decoded(part: object, charset: str | None) -> str:
    if isinstance(part, bytes):
        # what was no encoded word may hold bytes of any kind, which the library keeps as escapes
        return (
            decoded(part.decode("raw-unicode-escape").encode("utf-8", "surrogateescape"), None)
            if charset is None
            else decoded(part, charset)
        )
    return str(part).encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _addresses(headers: list[Any]) -> list[str]:
    return [
        address.strip().lower()
        for _, address in getaddresses(
            [_one_line(_words(each, _LONGEST_ADDRESSES)) for each in headers[:_MOST_OF_A_NAME]]
        )
        if "@" in address
    ]


def _one_line(text: str) -> str:
    return re.sub(r"[\r\n\t]+\s*", " ", text).strip()


def _storable(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "")
