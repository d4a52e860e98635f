"""Finds the links of a mail's HTML and leads them through another address; refuses to follow any."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden")


@dataclass(frozen=True, slots=True)
class Link:
    """One `<a>` of a mail. `tracked` False: the sender asked that clicks on it are not counted."""

    url: str
    hidden: bool
    tracked: bool


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        url = given.get("href") or ""
        if tag == "a" and url.startswith(("http://", "https://")):
            hidden = bool(_HIDDEN.search(given.get("style") or "")) or "hidden" in given
            self.found.append(Link(url, hidden=hidden, tracked=given.get("clicktracking") != "off"))


def links_of(html: str) -> tuple[Link, ...]:
    """Every link, in the order of the text."""
    parser = _Links()
    parser.feed(html)
    parser.close()
    return tuple(parser.found)


def visible_links(html: str) -> tuple[str, ...]:
    """The addresses a reader can see, each once, in the order of the text."""
    return tuple(dict.fromkeys(link.url for link in links_of(html) if not link.hidden))


class _Rewriter(HTMLParser):
    """Writes the text again as it was, but for the addresses of its links."""

    def __init__(self, change: Callable[[str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self._change = change
        self.written: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        url = dict(attrs).get("href") or ""
        if tag != "a" or not url.startswith(("http://", "https://")):
            self.written.append(self.get_starttag_text() or "")
            return
        kept = [(name, self._change(url) if name == "href" else value) for name, value in attrs if name != "target"]
        self.written.append(
            "<a" + "".join(f' {name}="{escape(value or "")}"' for name, value in kept) + ' target="_blank">'
        )

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.written.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self.written.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.written.append(data)

    def handle_entityref(self, name: str) -> None:
        self.written.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.written.append(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.written.append(f"<!{decl}>")


def with_links_changed(html: str, change: Callable[[str], str]) -> str:
    """The same HTML without comments, each link leading to `change(address)` in a new window."""
    rewriter = _Rewriter(change)
    rewriter.feed(html)
    rewriter.close()
    return "".join(rewriter.written)
