"""Makes words of a page of HTML, a block a line, in time that grows with its length; refuses to show it.

Anybody can write one, so nothing is looked at twice: no parser that starts over at every `<`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

LONGEST_PAGE = 200_000
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "hr", "table", "blockquote"})
_TAG = re.compile(r"<(?:(!--)|([!?])|(/?)([a-z][a-z0-9]{0,20}))", re.IGNORECASE)
_REST = re.compile(r"""(?:[^=>]++|=\s*+(?:"[^"]*+"|'[^']*+')?+)*+>""")
_RAW_ENDS = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("style", "script", "title")}
"""What stands in these is no text of the page."""


def from_html(html: str) -> str:
    """The words of a page of HTML, a block a line; what it quotes is marked with `>` as in plain text."""
    lines: list[str] = []
    line: list[str] = []
    quoted = 0
    for words, tag, closes in _pieces(html[:LONGEST_PAGE]):
        line.append(re.sub(r"\s+", " ", _unescaped(words)))
        if tag == "hr":
            _end(lines, line, quoted)
            line.append("-" * 24)
        if tag in _BLOCKS:
            _end(lines, line, quoted)
        if tag == "blockquote":
            quoted = max(0, quoted - 1) if closes else quoted + 1
    _end(lines, line, quoted)
    return "\n".join(lines).strip()


def _pieces(html: str) -> Iterator[tuple[str, str, bool]]:
    """Text and the tag after it, in lower case, with whether it closes; every sign is read a fixed number of times."""
    at = 0
    exact = comments = True  # as long as such a thing has an end: one that has none is not sought again
    while (tag := _TAG.search(html, at)) is not None:
        words, at = html[at : tag.start()], tag.end()
        if tag[1]:
            end = html.find("-->", at) if comments else -1
            comments, at = end >= 0, end + 3 if end >= 0 else at
            yield words, "", False
            continue
        rest = _REST.match(html, at) if exact else None
        exact = rest is not None
        end = rest.end() if rest is not None else html.find(">", at) + 1
        if not end:
            yield words + html[tag.start() :], "", False
            return
        name = (tag[4] or "").lower()
        yield words, name, bool(tag[3])
        at = end
        if name in _RAW_ENDS and not tag[3]:
            closed = _RAW_ENDS[name].search(html, at)
            if closed is None:
                return
            at = closed.start()
    yield html[at:], "", False


def _unescaped(words: str) -> str:
    try:
        return unescape(words)
    except ValueError:  # the number of a sign, with thousands of digits
        return words


def _end(lines: list[str], line: list[str], quoted: int) -> None:
    words = "".join(line).strip()
    line.clear()
    if words:
        lines.append(f"> {words}" if quoted else words)
