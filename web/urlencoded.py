"""Reads an urlencoded body in whichever charset its page was written; refuses to know what its fields mean."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from adapters.charsets import codec_for, codec_of
from web.problems import Refusal

MOST_FIELDS = 200
CHARSET = "_charset_"
"""The field into which browsers write the charset of the page, if it is there (HTML standard)."""
_BY_NUMBER = re.compile(r"&#([0-9]{1,7});")


@dataclass(frozen=True, slots=True)
class Garbled:
    """A value whose bytes fit no charset; stands where its text would."""


def fields_of_body(body: bytes, charset: str = "") -> Mapping[str, Any]:
    """Each field once as a text (or Garbled), a field given several times as a list of them.

    `charset`: what the header Content-Type says. It is asked first, then the field `_charset_`; what does not fit is
    passed over. Without any it is UTF-8, else what is written in Japan. Raises Refusal above 200 fields, and where the
    header names a charset that nobody knows.
    """
    declared = [_of_header(charset)] if charset else []
    pairs = _pairs(body)
    said = next((value for name, value in pairs if name == CHARSET.encode()), b"").decode("ascii", "replace")
    declared += [codec for codec in [codec_of(said)] if said and codec is not None]
    codec = codec_for([part for pair in pairs for part in pair], declared)
    found: dict[str, Any] = {}
    for name, value in pairs:
        # where nothing fits all, whatever can be read by what was declared is
        text = _text(value, codec or (declared[0] if declared else "utf-8"))
        found.setdefault(name.decode(codec or "utf-8", "replace"), []).append(text)
    return {name: values if len(values) > 1 else values[0] for name, values in found.items()}


def _pairs(body: bytes) -> list[tuple[bytes, bytes]]:
    try:
        # Latin-1 keeps every byte as it is, written out or escaped
        pairs = parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, encoding="latin-1", max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Refusal(422, f"there are more than {MOST_FIELDS} fields", where="body", do="send fewer") from error
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]


def _of_header(charset: str) -> str:
    codec = codec_of(charset)
    if codec is None:
        do = "send it in UTF-8, or name a charset such as Shift_JIS or EUC-JP"
        raise Refusal(415, f"the charset {charset[:50]!r} is not known", where="header Content-Type", do=do)
    return codec


def _text(value: bytes, codec: str) -> str | Garbled:
    try:
        text = value.decode(codec)
    except UnicodeDecodeError:
        return Garbled()
    # a character that the charset of the page lacks is sent by its number
    return text if codec == "utf-8" else _BY_NUMBER.sub(_by_number, text)


def _by_number(found: re.Match[str]) -> str:
    number = int(found[1])
    return chr(number) if 0x80 <= number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else found[0]
