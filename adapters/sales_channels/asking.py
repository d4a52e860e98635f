"""Asks somebody else's server over HTTP, once, and sorts what can go wrong; refuses to repeat its words on people."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from adapters.sales_channels.port import NotTaken

LONGEST_REST = timedelta(hours=1)
"""No server is left alone for longer, whatever it asks for."""


def ask(
    method: str, url: str, *, timeout: timedelta, good: frozenset[int] = frozenset(), **given: Any
) -> httpx.Response:
    """The answer where it is 2xx or one of `good`; follows no redirect, which would lose the body.

    Raises:
        NotTaken: no answer, or another status. Its words hold the status only: bodies quote what was sent.
    """
    try:
        answer = httpx.request(method, url, timeout=timeout.total_seconds(), follow_redirects=False, **given)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise NotTaken(f"no answer ({type(error).__name__})") from error
    if answer.is_success or answer.status_code in good:
        return answer
    raise refused(answer)


def refused(answer: httpx.Response, do: str = "") -> NotTaken:
    """What an answer means that is none of the good ones."""
    status = answer.status_code
    mends_itself = status in (408, 409, 425, 429) or status >= 500
    return NotTaken(f"it answered {status}", do=do, retry_after=rest(answer.headers), needs_person=not mends_itself)


def rest(headers: Mapping[str, str]) -> timedelta | None:
    """How long a server wants to be left alone, by `Retry-After` in seconds or as a date; None: it does not say."""
    said = headers.get("Retry-After")
    if not said:
        return None
    try:
        seconds = float(said)
    except ValueError:
        try:
            at = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - time.time()
    if not 0 <= seconds < float("inf"):
        return None
    return min(timedelta(seconds=min(seconds, LONGEST_REST.total_seconds())), LONGEST_REST)


def unix(at: datetime) -> int:
    """Whole seconds since 1970."""
    return int(at.timestamp())
