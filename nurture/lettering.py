"""Says how wide a text is and where it breaks, full-width signs counted as two; refuses to measure real fonts."""

from __future__ import annotations

import unicodedata


def text_units(text: str) -> int:
    """The width of a text in half-width signs: a full-width one counts as two."""
    return sum(2 if unicodedata.east_asian_width(sign) in "WFA" else 1 for sign in text)


def text_width(text: str, size: float) -> float:
    """About how many pixels a text takes at a font size."""
    return text_units(text) * size * 0.545


def wrapped(text: str, units: int) -> tuple[str, ...]:
    """The text in lines of at most `units`, broken at blanks, or anywhere between full-width signs."""
    lines, line = [], ""
    for word in _pieces(text):
        if line and text_units(line + word.rstrip()) > units:
            lines.append(line.rstrip())
            line = word.lstrip()
        else:
            line += word
    return (*lines, line.rstrip()) if line.strip() or not lines else tuple(lines)


def _pieces(text: str) -> list[str]:
    pieces, piece = [], ""
    for sign in text:
        piece += sign
        if sign == " " or unicodedata.east_asian_width(sign) in "WF":
            pieces.append(piece)
            piece = ""
    return [*pieces, piece] if piece else pieces
