"""Turns a template and a lead into the two parts of a mail; refuses to decide whether the mail may go out.

Both parts end with who sends it, where they are, how to reach them, and how to get no more of it: a template cannot
leave that out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from jinja2 import Environment

from adapters.mail import layout
from adapters.mail.markdown import as_html, as_text, change_links, parsed
from adapters.mail.variables import (
    CONFIRM_LINK,
    Address,
    Facts,
    TemplateBlocked,
    TemplateUnreadable,
    Values,
    filled,
    undeclared,
    values_for,
    variables,
)
from nurture.definitions import Sender, Template

HIDDEN_PATH = "/mail/hidden"
"""The path of the link that no person sees; a click on it is a machine's."""

_SAFE_IN_URL = "/?#=&%:@!$,;~+-._"


@dataclass(frozen=True, slots=True)
class LeadFacts:
    """What a template may know of a lead. `id` is for messages only; None and absent attributes are unset."""

    id: str
    name: str | None
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rendered:
    """The texts of one mail; subject in one line."""

    subject: str
    text: str
    html: str


def render(
    template: Template,
    *,
    lead: LeadFacts,
    sender: Sender,
    unsubscribe_url: str,
    link_base: str,
    send_key: str,
    confirm_url: str | None = None,
    mark: Callable[[str], str] | None = None,
) -> Rendered:
    """One mail, the same for the same arguments. `link_base` is NURTURE_PUBLIC_URL; `confirm_url` fills `confirm_link`.

    `mark` changes the addresses of the HTML's links; those of the text are for people to read and stay as they are.

    Raises:
        TemplateBlocked: a variable is unset for this lead, or the template fails in another way.
    """
    base = link_base.rstrip("/")
    attributes = Facts("lead.attributes", lead.attributes)
    names: dict[str, Any] = {"lead": Facts("lead", {"name": lead.name or None, "attributes": attributes})}
    if confirm_url is not None:
        names[CONFIRM_LINK] = Address(confirm_url)
    values = values_for(template, send_key, f"{template.subject}{template.preheader}{template.body}{lead}")

    def link(path: str) -> Address:
        return _address(base, path)

    def part(name: str) -> str:
        return filled(template, name, values, lead_id=lead.id, names={**names, "link": link})

    subject = _line(values, part("subject"))
    if not subject:
        raise TemplateBlocked(template.name, lead.id, fault="its subject is empty for this lead")
    body = part("body")
    try:
        tokens = parsed(body, values, base)
    except ValueError as error:
        raise TemplateBlocked(template.name, lead.id, fault=str(error)) from error
    footer = layout.Footer.of(sender, template.language, unsubscribe_url)
    text = as_text(tokens, template.language)
    if mark is not None:
        change_links(tokens, mark)
    return Rendered(
        subject=subject,
        text=f"{text}\n\n{footer.as_text()}\n",
        html=_LAYOUT.render(
            language=template.language,
            subject=subject,
            preheader=_line(values, part("preheader")),
            body=as_html(tokens),
            hidden_url=base + HIDDEN_PATH,
            footer=footer,
        ),
    )


def is_hidden_link(url: str) -> bool:
    """True for the link that only a machine can have found."""
    try:
        return urlsplit(url).path.rstrip("/") == HIDDEN_PATH
    except ValueError:
        return False


def _address(base: str, path: str) -> Address:
    if path.startswith(("http://", "https://")):
        return Address(quote(path, safe=_SAFE_IN_URL))
    if not path.startswith("/"):
        raise ValueError("link() takes a path that begins with /")
    return Address(base + quote(path, safe=_SAFE_IN_URL))


def _line(values: Values, text: str) -> str:
    """In one line: a line break in a subject would begin another header."""
    return " ".join(values.put_back(text).split())


_LAYOUT = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(layout.HTML)

__all__ = [
    "HIDDEN_PATH",
    "LeadFacts",
    "Rendered",
    "TemplateBlocked",
    "TemplateUnreadable",
    "is_hidden_link",
    "render",
    "undeclared",
    "variables",
]
