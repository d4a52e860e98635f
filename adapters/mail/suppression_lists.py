"""Reads the lists of addresses that SendGrid sends nothing to any more, page by page; refuses to change any of them.

Blocks are left out: a mail that was turned away for now says nothing against its address.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from adapters.database.reconciling import Listed
from adapters.mail.sendgrid import until_reset
from adapters.settings import is_loopback
from nurture.errors import NurtureError

PAGE = 500
"""How many entries one request asks for, which is the most that SendGrid answers with."""
TIMEOUT = timedelta(seconds=20)
GROUPS = "asm"
"""The list of unsubscribe groups; it has neither pages nor times."""
_REASONS: Mapping[str, str] = {
    "unsubscribes": "unsubscribed",
    "spam_reports": "spam_reported",
    "bounces": "bounced",
    "invalid_emails": "bounced",
}
LISTS = (*_REASONS, GROUPS)


class ListsNotReadable(NurtureError):
    """The provider does not answer now; `retry_after` where it said when it will."""

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(f"a list of the mail provider cannot be read: {reason}", do="it is tried again by itself")
        self.retry_after = retry_after


class ListsForbidden(NurtureError):
    """The key may not read the lists: a person has to do something."""

    def __init__(self, status: int) -> None:
        super().__init__(
            f"the mail provider's lists cannot be read: it answers {status}",
            where="SENDGRID_API_KEY",
            do="give the key read access to Suppressions and Unsubscribe Groups",
        )


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list, and how many entries of it have been read so far, this page included."""

    entries: tuple[Listed, ...]
    offset: int


class SuppressionLists:
    """The lists of one account. Blocks; safe to use from many threads."""

    def __init__(self, *, api_key: str, host: str, timeout: timedelta = TIMEOUT, page: int = PAGE) -> None:
        self._host = host.rstrip("/")
        self._headers = {"Authorization": f"Bearer {api_key}"}
        self._timeout = timeout.total_seconds()
        self._page = page

    def pages(self, name: str, since: datetime | None, until: datetime, *, offset: int = 0) -> Iterator[Page]:
        """The entries of a list made from `since` to `until` (seconds, both included), from the `offset`-th on.

        Raises:
            ListsNotReadable: now, or the answer is none.
            ListsForbidden: with this key.
        """
        while True:
            entries = self._ask(name, since, until, offset)
            offset += len(entries)
            yield Page(tuple(each for each in (_listed(name, entry) for entry in entries) if each is not None), offset)
            if name == GROUPS or len(entries) < self._page:
                return

    def _ask(self, name: str, since: datetime | None, until: datetime, offset: int) -> list[Any]:
        path = "asm/suppressions" if name == GROUPS else f"suppression/{name}"
        query = {
            "start_time": int(since.timestamp()) if since is not None else 0,
            "end_time": int(until.timestamp()),
            "limit": self._page,
            "offset": offset,
        }
        try:
            # a proxy of the environment is for the outside
            with httpx.Client(timeout=self._timeout, trust_env=not is_loopback(self._host)) as client:
                answer = client.get(
                    f"{self._host}/v3/{path}", params=None if name == GROUPS else query, headers=self._headers
                )
        except httpx.HTTPError as error:
            raise ListsNotReadable(type(error).__name__) from error
        if answer.status_code in (401, 403):
            raise ListsForbidden(answer.status_code)
        if answer.status_code != 200:
            raise ListsNotReadable(f"it answers {answer.status_code}", until_reset(answer.headers))
        try:
            found = answer.json()
        except ValueError as error:
            raise ListsNotReadable("its answer is not JSON") from error
        if not isinstance(found, list):
            raise ListsNotReadable("its answer is not a list")
        return found


def _listed(name: str, entry: Any) -> Listed | None:
    """One entry in nurture's words; None where it says nothing that can be used."""
    if not isinstance(entry, dict):
        return None
    address, created = entry.get("email"), entry.get("created", entry.get("created_at"))
    if not isinstance(address, str) or "@" not in address or isinstance(created, bool):
        return None
    try:
        at = datetime.fromtimestamp(int(str(created)), UTC)
    except (ValueError, OverflowError, OSError):
        return None
    if name == "bounces" and str(entry.get("status", "")).startswith("4"):
        return None  # turned away for now
    group = str(entry.get("group_name", "")) if name == GROUPS else None
    return Listed(list=name, address=address, at=at, reason=_REASONS.get(name, "unsubscribed"), group=group)
