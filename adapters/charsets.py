"""Reads bytes whose charset nobody is sure of, strictly; refuses to know what they hold.

A guess is made over all the bytes at once: the more there are, the surer it is.
"""

from __future__ import annotations

import codecs
import encodings
import re
from collections.abc import Sequence
from encodings.aliases import aliases
from pkgutil import iter_modules

_SHIFT_JIS, _EUC_JP, _ISO_2022_JP = "cp932", "euc_jp", "iso2022_jp_ext"
# what the web means by a name, where Python means something narrower
_MEANT = {
    **dict.fromkeys(("shift_jis", "ms_kanji", "x-sjis", "sjis", "windows-31j", "ms932", "cswindows31j"), _SHIFT_JIS),
    **dict.fromkeys(("euc-jp", "x-euc-jp", "eucjp"), _EUC_JP),
    **dict.fromkeys(("iso-2022-jp", "csiso2022jp"), _ISO_2022_JP),
    **dict.fromkeys(("us-ascii", "ascii", "iso-8859-1", "latin1", "l1"), "cp1252"),
}
_NO_CHARSETS = re.compile(r"utf-?7|utf-?16|utf-?32|punycode|idna|.*escape|undefined|mbcs|oem|.*-codec")
"""What Python can decode and no page is written in, or only to mislead."""
_KNOWN = {*aliases, *aliases.values(), *(each.name for each in iter_modules(encodings.__path__))}
_LONGEST = 40
_SWITCH = re.compile(rb"\x1b[$(]")
_THREE_BYTES = re.compile(rb"[\xe1-\xef][\x80-\xbf]{2}")
_NO_LETTERS = re.compile("[\x80\uf8f0-\uf8f3]")
_NOT_ASCII, _LATIN = re.compile("[^\x00-\x7f]+"), re.compile("[A-Za-z]")
_CLEARLY = 5
_HANGUL, _FIRST_SEEMING = re.compile("[가-힣]"), "\ud000"
"""Syllables, and the first one that such kanji seem to be: Korean has others beside them."""
_FIRST_RARE = 0xA1
"""The first byte of half-width katakana and of rare kanji; Western letters have such bytes."""
_PLAIN_EUC = re.compile(rb"(?:[\x00-\x7f]|[\xa1-\xcf][\xa1-\xfe])*")
"""Kana and the kanji of everyday use, and nothing else."""


def codec_of(label: str) -> str | None:
    """The codec for the name of a charset as a header or a page gives it; None for one that is not known."""
    name = label.strip().strip("\"'").lower()
    if name in _MEANT:
        return _MEANT[name]
    try:
        found = codecs.lookup(python_name(name) or "").name
    except LookupError:
        return None
    return None if _NO_CHARSETS.fullmatch(found) or not _reads_text(found) else found


def python_name(name: str) -> str | None:
    """What Python calls a charset; None for one it does not know, which it must not be asked for.

    It keeps every name it was ever asked for, and anybody may send one.
    """
    if len(name) > _LONGEST or not name.isascii():
        return None
    found = encodings.normalize_encoding(name).replace(".", "_").lower()
    return found if found in _KNOWN else None


def codec_for(pieces: Sequence[bytes], declared: Sequence[str] = ()) -> str | None:
    """The codec by which every piece can be read: a declared one, else UTF-8, else what is written in Japan.

    Bytes that Shift_JIS and EUC-JP both fit (all of them would be half-width katakana in the one) are EUC-JP where
    they are everyday characters there. None where nothing fits, and where UTF-8 fits most pieces but not all: then the
    others are damaged, and Shift_JIS would only seem to fit.
    """
    raw = b"\n".join(pieces)
    for codec in declared:
        if _fits(raw, codec):
            return codec
    if _SWITCH.search(raw) and _fits(raw, _ISO_2022_JP):
        return _ISO_2022_JP
    if _is_utf_8(raw):
        return "utf-8"
    if mostly_utf_8(pieces):
        return None
    euc = _fits(raw, _EUC_JP)
    if _fits(raw, _SHIFT_JIS) and not (euc and _PLAIN_EUC.fullmatch(raw)):
        return _SHIFT_JIS
    return _EUC_JP if euc else None


def mostly_utf_8(pieces: Sequence[bytes]) -> bool:
    """True if most pieces with more than ASCII are UTF-8, and no other charset by chance.

    Half of them do where they have letters of three bytes; where they have none, as in the West, five to one.
    """
    sure = good = bad = 0
    for piece in pieces:
        if piece.isascii():
            continue
        if _is_utf_8(piece):
            good += 1
            sure += _THREE_BYTES.search(piece) is not None
        else:
            bad += 1
    return (sure > 0 and sure >= bad) or good >= max(_CLEARLY, _CLEARLY * bad)


def _is_utf_8(raw: bytes) -> bool:
    """True if bytes are UTF-8, and not Shift_JIS of which rare kanji (﨑, 塚 and others) seem to be Hangul there."""
    try:
        hangul = _HANGUL.findall(raw.decode())
    except UnicodeDecodeError:
        return False
    return not hangul or min(hangul) < _FIRST_SEEMING or not _fits(raw, _SHIFT_JIS)


def _fits(raw: bytes, codec: str) -> bool:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError:
        return False
    # Python reads bytes as Shift_JIS that no letter has, and most of what is written in Western Europe, too
    return codec != _SHIFT_JIS or (_NO_LETTERS.search(text) is None and not _is_western(text))


def _is_western(text: str) -> bool:
    """True if a text has no more of Japanese than single rare letters within Latin words, as Gärtner of Windows has."""
    at = -1
    for found in _NOT_ASCII.finditer(text):
        at, letter = found.start(), found[0]
        beside = text[max(0, at - 1) : at] + text[at + 1 : at + 2]
        if len(letter) > 1 or not _LATIN.search(beside) or letter.encode(_SHIFT_JIS, "replace")[0] < _FIRST_RARE:
            return False
    return at >= 0


def _reads_text(codec: str) -> bool:
    try:
        return isinstance(b"a".decode(codec), str)
    except (LookupError, UnicodeError):
        return False
