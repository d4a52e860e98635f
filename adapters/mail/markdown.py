"""Reads Markdown and writes it as the HTML and the plain text of a mail; refuses to know what the words mean."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote, urlsplit

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from adapters.mail.variables import Values

_STYLES = {
    "a": "color:#0b57d0",
    "p": "margin:0 0 1em",
    "h1": "font-size:1.4em;line-height:1.4;margin:1.2em 0 .6em",
    "h2": "font-size:1.2em;line-height:1.4;margin:1.2em 0 .6em",
    "h3": "font-size:1.05em;line-height:1.4;margin:1.2em 0 .6em",
    "ul": "margin:0 0 1em;padding-left:1.5em",
    "ol": "margin:0 0 1em;padding-left:1.5em",
    "li": "margin:0 0 .3em",
    "blockquote": "margin:0 0 1em;padding-left:1em;border-left:3px solid #c4c7c5",
    "img": "max-width:100%;height:auto",
    "hr": "border:0;border-top:1px solid #c4c7c5;margin:1.5em 0",
}
_SCHEMES = ("http", "https", "mailto", "tel")
_PARSER = MarkdownIt("commonmark", {"html": False})
_RENDERER = RendererHTML()


def parsed(text: str, values: Values, base: str) -> list[Token]:
    """The tokens of a body (HTML in it is text) with values put back, links made absolute and inline styles set.

    Raises:
        ValueError: a value does not make a usable link.
    """
    tokens = _PARSER.parse(text)
    for token in tokens:
        _style(token)
        if token.type in {"fence", "code_block"}:
            token.content, token.info = values.put_back(token.content), ""
        if token.children is not None:
            token.children = _without_wide_breaks(list(_inline(token.children, values, base)))
    return tokens


def as_html(tokens: Sequence[Token]) -> str:
    """HTML of the body alone; all text is escaped."""
    return str(_RENDERER.render(tokens, _PARSER.options, {}))


def change_links(tokens: Sequence[Token], change: Callable[[str], str]) -> None:
    """Let every link of the body lead to `change(address)`."""
    for token in tokens:
        for child in token.children or ():
            if child.type == "link_open":
                child.attrSet("href", change(str(child.attrs["href"])))


def _inline(tokens: Sequence[Token], values: Values, base: str) -> Iterator[Token]:
    inside_link = False
    for token in tokens:
        _style(token)
        match token.type:
            case "text":
                yield from _text(token, values, inside_link=inside_link)
                continue
            case "code_inline":
                token.content = values.put_back(token.content)
            case "link_open":
                inside_link = True
                _settle(token, "href", values, base)
            case "link_close":
                inside_link = False
            case "image":
                _settle(token, "src", values, base)
                token.children = [_words(values.put_back(child.content)) for child in token.children or ()]
                token.content = values.put_back(token.content)
        if "title" in token.attrs:
            token.attrSet("title", values.put_back(str(token.attrs["title"])))
        yield token


def _text(token: Token, values: Values, *, inside_link: bool) -> Iterator[Token]:
    """A URL that stands in the text by itself becomes a link, so that a click on it is told."""
    for origin, part in values.parts(token.content):
        if origin == "engine" and not inside_link:
            opening = Token("link_open", "a", 1, attrs={"href": part})
            _style(opening)
            yield from (opening, _words(part), Token("link_close", "a", -1))
        else:
            yield _words(part)


def _words(text: str) -> Token:
    return Token("text", "", 0, content=text)


def _settle(token: Token, attribute: str, values: Values, base: str) -> None:
    address = ""
    for origin, part in values.parts(str(token.attrs.get(attribute, ""))):
        if origin == "lead":
            # A value that begins the address may be a whole one; further inside it is a piece of a path or query.
            address += quote(part, safe="" if address else "/?#=&%:@!$,;~+-._")
        else:
            address += part
    if address.startswith("/") and not address.startswith("//"):
        address = base + address
    if urlsplit(address).scheme not in _SCHEMES:
        raise ValueError(f"a link of it is no address that a mail may hold (allowed: {', '.join(_SCHEMES)}, or a path)")
    token.attrSet(attribute, address)


def _style(token: Token) -> None:
    if token.nesting >= 0 and token.tag in _STYLES and "style" not in token.attrs:
        token.attrSet("style", _STYLES[token.tag])


def _without_wide_breaks(tokens: list[Token]) -> list[Token]:
    """Japanese has no blanks between words: a line that was broken while writing is joined without one."""
    kept: list[Token] = []
    for index, token in enumerate(tokens):
        if token.type == "softbreak":
            before = next((t.content for t in reversed(tokens[:index]) if t.content), "")
            after = next((t.content for t in tokens[index + 1 :] if t.content), "")
            if before and after and _wide(before[-1]) and _wide(after[0]):
                # It stays a break in the plain text, as it was written there.
                token.type, token.tag, token.meta = "text", "", {"break": True}
        kept.append(token)
    return kept


def _wide(character: str) -> bool:
    return unicodedata.east_asian_width(character) in {"W", "F"}


# --- plain text -----------------------------------------------------------------------------------------------------


def as_text(tokens: Sequence[Token], language: str) -> str:
    """The body to be read as it is: no marks of Markdown, every link written out."""
    return _Plain(language).write(tokens).strip("\n")


class _Plain:
    """Writes block after block, each line behind what its lists and quotes put before it."""

    def __init__(self, language: str) -> None:
        self._heading = "■ " if language.startswith("ja") else ""
        self._lines: list[str] = []
        self._margins: list[str] = []
        self._numbers: list[int | None] = []
        self._marker: str | None = None
        self._before = ""

    def write(self, tokens: Sequence[Token]) -> str:
        for token in tokens:
            if token.nesting > 0:
                self._open(token)
            elif token.nesting < 0:
                self._close(token)
            else:
                self._leaf(token)
        return "\n".join(self._lines)

    def _open(self, token: Token) -> None:
        match token.type:
            case "heading_open":
                self._before = self._heading
            case "bullet_list_open" | "ordered_list_open":
                self._list(token)
            case "list_item_open":
                self._item()
            case "blockquote_open":
                self._margins.append("> ")

    def _close(self, token: Token) -> None:
        match token.type:
            case "bullet_list_close" | "ordered_list_close":
                self._numbers.pop()
            case "list_item_close":
                self._margins.pop()
                self._marker = None
                return
            case "blockquote_close":
                self._margins.pop()
                if self._lines and not self._lines[-1].strip(" >"):
                    self._lines[-1] = "".join(self._margins).rstrip()
        if not token.hidden:
            self._gap()

    def _leaf(self, token: Token) -> None:
        match token.type:
            case "inline":
                self._block(self._before + _inline_text(token.children or ()))
                self._before = ""
            case "fence" | "code_block":
                self._block("\n".join(f"    {line}" for line in token.content.rstrip("\n").split("\n")))
                self._gap()
            case "hr":
                self._block("-" * 24)
                self._gap()

    def _list(self, token: Token) -> None:
        if self._lines and self._lines[-1] and not self._numbers:
            self._gap()
        start = token.attrs.get("start", 1)
        self._numbers.append(int(start) if token.type == "ordered_list_open" else None)

    def _item(self) -> None:
        number = self._numbers[-1]
        self._marker = "- " if number is None else f"{number}. "
        if number is not None:
            self._numbers[-1] = number + 1
        self._margins.append(" " * len(self._marker))

    def _block(self, text: str) -> None:
        for line in text.split("\n"):
            if self._marker is not None:
                margin = "".join(self._margins[:-1]) + self._marker
                self._marker = None
            else:
                margin = "".join(self._margins)
            self._lines.append(f"{margin}{line}".rstrip())

    def _gap(self) -> None:
        if self._lines and self._lines[-1].strip(" >"):
            self._lines.append("".join(self._margins).rstrip())


def _inline_text(tokens: Sequence[Token]) -> str:
    alone = len(tokens) > 2 and tokens[0].type == "link_open" and tokens[-1].type == "link_close"
    alone = alone and sum(token.type == "link_open" for token in tokens) == 1
    written: list[str] = []
    begun: list[tuple[int, str]] = []
    for token in tokens:
        match token.type:
            case "text" if token.meta.get("break"):
                written.append("\n")
            case "text" | "code_inline" | "image":
                written.append(token.content)
            case "softbreak" | "hardbreak":
                written.append("\n")
            case "link_open":
                begun.append((len(written), str(token.attrs["href"]).removeprefix("mailto:").removeprefix("tel:")))
            case "link_close":
                start, address = begun.pop()
                words = "".join(written[start:])
                if words != address:
                    written.append(f"\n{address}" if alone else f" ( {address} )")
    return "".join(written)
