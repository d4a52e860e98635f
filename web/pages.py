"""Shapes lists as pages with the relative URL of the next one; refuses to know what is listed and how it is cut."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import BaseModel

Limit = Annotated[int, Query(ge=1, le=1000, description="How many items at most.")]
Cursor = Annotated[str | None, Query(max_length=1000, description="From `next` of the page before; opaque.")]


_NOT_KEPT = frozenset({"cursor", "limit", "said", "merged"})
"""Where a list goes on anew, and what a page says once, after something was done."""


class Page(BaseModel):
    """One page of a list: `next` is the relative URL of the following page, or null."""

    items: list[dict[str, Any]]
    next: str | None = None


def page(request: Request, items: Sequence[dict[str, Any]], cursor: str | None, *, limit: int) -> Page:
    """The items with the URL of the page that begins at `cursor`, which keeps every other parameter of this request."""
    return Page(items=list(items), next=following_url(request, cursor, limit=limit))


def following_url(request: Request, cursor: str | None, *, limit: int) -> str | None:
    """The relative URL of this list from `cursor` on, with what else this request asks for; None without one."""
    if cursor is None:
        return None
    kept = [(name, value) for name, value in request.query_params.multi_items() if name not in _NOT_KEPT]
    return f"{request.url.path}?{urlencode([*kept, ('limit', limit), ('cursor', cursor)])}"
