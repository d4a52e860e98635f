"""What the page snippet may say of a page view, and how its subject is written down; refuses to store any."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from adapters.database.keepable import keepable

VISITOR = re.compile(r"[0-9a-f]{32}")
_SLASHES = re.compile(r"/{2,}")
_INDEX = re.compile(r"/index\.html?$")
_MACHINE = re.compile(
    r"(?<!cu)bot\b|crawl|spider|slurp|headless|lighthouse|pagespeed|preview|monitor|uptime|curl|wget|python|"
    r"facebookexternalhit|scan",
    re.IGNORECASE,
)


def _a_visitor(value: str) -> str:
    if not VISITOR.fullmatch(value):
        raise ValueError("is no id that the page snippet makes: 32 hexadecimal digits")
    return value


def path_of(said: str) -> str:
    """A path as scenarios write it: without query, readable, `/pricing` for `/pricing/` and `/pricing/index.html`.

    A part with an `@` becomes `~`: it is likely somebody's address, and subjects are shown and travel.
    """
    path = unicodedata.normalize("NFC", unquote(re.split(r"[?#]", said, maxsplit=1)[0])).strip()
    path = "/".join("~" if _names_somebody(part) else part for part in path.split("/"))
    path = _INDEX.sub("/", _SLASHES.sub("/", path))
    return path.rstrip("/") or ("/" if path else "")


def _names_somebody(part: str) -> bool:
    while "@" not in part and (plain := unquote(part)) != part:  # however often it was encoded
        part = plain
    return "@" in part


def _a_subject(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    path = path_of(value)
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in path):
        raise ValueError("holds a character that cannot be kept")
    return path


class PageViewIn(BaseModel):
    """The body of `POST /v`: what happened, or that all of this browser is to be forgotten (`forget` alone).

    `visitor` and `id` are made by the snippet; `token` is the mark of a link in a mail that led here.
    """

    model_config = ConfigDict(extra="ignore")

    visitor: Annotated[str, AfterValidator(_a_visitor)]
    forget: bool = False
    id: Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,64}$")] = ""
    type: Literal["visited", "downloaded"] | None = None
    subject: Annotated[str, Field(max_length=400), BeforeValidator(_a_subject)] = ""
    token: Annotated[str | None, Field(max_length=2000)] = None

    @model_validator(mode="before")
    @classmethod
    def _keepable(cls, said: Any) -> Any:
        return keepable(said)

    @model_validator(mode="after")
    def _whole(self) -> PageViewIn:
        if not self.forget and not (self.id and self.type and self.subject):
            raise ValueError("a page view has `visitor`, `id`, `type` (visited or downloaded) and `subject`")
        return self


def read_page_view(said: Any) -> PageViewIn | str:
    """The page view, or in one line what is wrong with it."""
    try:
        return PageViewIn.model_validate(said)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        return f"{place}: {message}" if place else message


def is_machine(user_agent: str) -> bool:
    """True for a browser that says it is none, or says nothing."""
    return not user_agent.strip() or _MACHINE.search(user_agent) is not None


__all__ = ["VISITOR", "PageViewIn", "is_machine", "path_of", "read_page_view"]
