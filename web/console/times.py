"""Shows instants in the time zone of the sender; refuses to know what happened then."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypedDict
from zoneinfo import ZoneInfo

from web.context import Nurture


class LocalTimes(TypedDict):
    """For a template: the name of the time zone, and how an instant is written in it."""

    zone: str
    local: Callable[[datetime | None], str]


def local_times(here: Nurture) -> LocalTimes:
    """UTC as long as nothing is deployed that says otherwise."""
    sender = here.store.current().sender
    name = sender.time_zone if sender is not None else "UTC"
    zone = ZoneInfo(name) if sender is not None else UTC

    def local(instant: datetime | None) -> str:
        return "–" if instant is None else instant.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    return {"zone": name, "local": local}
