"""Tells people of sales that a task waits for them; refuses to know how the task came about.

A log line always, and a POST of JSON where NURTURE_NOTIFY_URL is set. The notice carries ids and words of the
definitions only: names and addresses of leads are read behind the link.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote

import httpx
import structlog

from nurture.errors import NurtureError

_log = structlog.get_logger()

TIMEOUT_SECONDS = 7.0
IDEMPOTENCY_HEADER = "Idempotency-Key"


class NotificationFailed(NurtureError):
    """The receiver did not take the notice; trying again with the same key is safe."""

    def __init__(self, notice: str, reason: str) -> None:
        super().__init__(
            f"notice {notice!r} was not taken: {reason}",
            where="NURTURE_NOTIFY_URL",
            do="it is tried again; see that the receiver answers 2xx",
        )
        self.notice = notice


@dataclass(frozen=True, slots=True)
class HandoffNotice:
    """A handoff that was made. `id` is the handoff's; the same notice may be sent again under it."""

    id: str
    lead: str
    queue: str
    rep: str | None
    reasons: Sequence[str] = field(default_factory=tuple)
    note: str | None = None

    @property
    def kind(self) -> str:
        return "handoff"


@dataclass(frozen=True, slots=True)
class Message:
    """A `notify` step: words of the scenario for a queue or a rep; `key` is that of the visit."""

    key: str
    lead: str
    to: str
    text: str

    @property
    def id(self) -> str:
        return self.key

    @property
    def kind(self) -> str:
        return "message"


class Notifier(Protocol):
    """Something that reaches sales."""

    def notify(self, notice: HandoffNotice) -> None:
        """Tell of a task once.

        Raises:
            NotificationFailed: it was not taken; to be tried again.
        """

    def tell(self, message: Message) -> None:
        """Pass a message on once.

        Raises:
            NotificationFailed: it was not taken; to be tried again.
        """


class WebhookNotifier:
    """A log line, and a POST where there is a URL. Blocks; safe to use from many threads."""

    def __init__(self, url: str | None, *, public_url: str) -> None:
        self._url = url
        self._public_url = public_url.rstrip("/")

    def notify(self, notice: HandoffNotice) -> None:
        """Tell of a task once.

        Raises:
            NotificationFailed: the receiver could not be reached or did not answer 2xx.
        """
        self._deliver(notice)

    def tell(self, message: Message) -> None:
        """Pass a message on once.

        Raises:
            NotificationFailed: the receiver could not be reached or did not answer 2xx.
        """
        self._deliver(message)

    def _deliver(self, notice: HandoffNotice | Message) -> None:
        if self._url is not None:
            self._post(self._url, notice)
        _log.info("sales_notified", kind=notice.kind, notice=notice.id, lead=notice.lead, posted=self._url is not None)

    def _post(self, url: str, notice: HandoffNotice | Message) -> None:
        # An id may hold letters that no header can.
        headers = {IDEMPOTENCY_HEADER: quote(f"{notice.kind}/{notice.id}", safe="/")}
        try:
            answer = httpx.post(url, json=self._body(notice), headers=headers, timeout=TIMEOUT_SECONDS)
        except httpx.HTTPError as error:
            raise NotificationFailed(notice.id, type(error).__name__) from error
        if not answer.is_success:
            raise NotificationFailed(notice.id, f"it answered {answer.status_code}")

    def _body(self, notice: HandoffNotice | Message) -> dict[str, Any]:
        lead_link = f"{self._public_url}/api/leads/{quote(notice.lead, safe='')}"
        links = {"lead": lead_link, "replies": f"{lead_link}/replies"}
        match notice:
            case HandoffNotice():
                return {
                    "kind": notice.kind,
                    "id": notice.id,
                    "lead": notice.lead,
                    "queue": notice.queue,
                    "rep": notice.rep,
                    "reasons": list(notice.reasons),
                    "note": notice.note,
                    "links": {**links, "handoffs": f"{self._public_url}/api/handoffs"},
                }
            case Message():
                return {
                    "kind": notice.kind,
                    "id": notice.id,
                    "lead": notice.lead,
                    "to": notice.to,
                    "text": notice.text,
                    "links": links,
                }
