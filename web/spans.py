"""Reads how far a report looks back; refuses to know what it counts."""

from __future__ import annotations

from datetime import timedelta

from nurture.durations import Duration
from web.problems import Refusal


def looking_back(text: str) -> timedelta:
    """The span of the query parameter `since`. Raises Refusal (422) where it is none, or has no fixed length."""
    do = "write a span such as 7d, 30d or 12h"
    try:
        span = Duration.parse(text)
    except ValueError as error:
        raise Refusal(422, str(error), where="query.since", do=do) from error
    if span.business_days or not span.positive:
        raise Refusal(422, f"{text} is no span of time to look back over", where="query.since", do=do)
    return span.span
