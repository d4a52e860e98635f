"""Reads bytes in the character sets that mail comes in, Japanese ones above all; refuses to fail on any."""

from __future__ import annotations

import re
from contextlib import suppress

from adapters.charsets import python_name

_BETTER = {
    # what mail programs call Shift_JIS is Microsoft's: ① and ㈱ are in it
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "windows-31j": "cp932",
    "ms932": "cp932", "cp932": "cp932", "windows-932": "cp932", "ms_kanji": "cp932",
    "euc-jp": "euc_jis_2004", "x-euc-jp": "euc_jis_2004", "eucjp": "euc_jis_2004", "cp51932": "euc_jis_2004",
    "us-ascii": "utf-8", "ascii": "utf-8", "unknown-8bit": "utf-8", "default": "utf-8", "utf8": "utf-8",
    "iso-8859-1": "cp1252", "latin1": "cp1252",
}  # fmt: skip
_ESCAPED = re.compile(rb"\x1b(\$[@B]|\$\([DOQ]|\([BJI])")
_GUESSES = ("utf-8", "cp932")
"""What is tried, in this order, where nothing is said, or something wrong."""


def decoded(content: bytes, charset: str | None) -> str:
    """The text, without NUL; what cannot be read at all becomes `�`."""
    name = (charset or "").strip().strip("\"'").lower()
    if name.startswith("iso-2022-jp") or (not name and b"\x1b$" in content):
        return _jis(content).replace("\0", "")
    told = _BETTER.get(name) or python_name(name) or _GUESSES[0]
    for each in (told, *_GUESSES):
        try:
            return content.decode(each).replace("\0", "")
        except (LookupError, ValueError):
            continue
    for each in (told, "utf-8"):
        with suppress(LookupError, ValueError):  # some codecs have no replacement, some are none of text
            return content.decode(each, errors="replace").replace("\0", "")
    return ""


def _jis(content: bytes) -> str:
    """ISO-2022-JP with what programs of Microsoft and old telephones add to it, which no codec at hand reads."""
    text: list[str] = []
    mode, place = b"(B", 0
    for escape in _ESCAPED.finditer(content):
        text.append(_of_mode(content[place : escape.start()], mode))
        mode, place = escape[1], escape.end()
    text.append(_of_mode(content[place:], mode))
    return "".join(text)


def _of_mode(content: bytes, mode: bytes) -> str:
    if mode == b"(I":  # half-width katakana
        return bytes(byte | 0x80 for byte in content).decode("cp932", errors="replace")
    if mode in (b"(B", b"(J"):
        return decoded(content, "utf-8") if content else ""
    return _double(content)


def _double(content: bytes) -> str:
    """Two bytes a sign, but for line ends, which some forget to leave the mode for."""
    text: list[str] = []
    for line in re.split(rb"([\r\n\t ]+)", content):
        if not line.strip():
            text.append(line.decode("ascii"))
            continue
        euc = bytes(byte | 0x80 for byte in line)
        text.append(euc.decode("euc_jis_2004", errors="replace"))
    return "".join(text)
