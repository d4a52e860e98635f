"""Posts a notice as JSON to a URL of one's own, signed; refuses to know what is done with it there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from adapters.database.pages import shown
from adapters.sales_channels import signing
from adapters.sales_channels.asking import ask
from adapters.sales_channels.port import Notice

TIMEOUT = timedelta(seconds=7)
IDEMPOTENCY_HEADER = "Idempotency-Key"


@dataclass(frozen=True, slots=True)
class Webhook:
    """One URL. `secrets`: with each of them it is signed, so that one can be changed without a gap; none: unsigned."""

    url: str
    secrets: Sequence[str] = ()
    real_now: Callable[[], datetime] = lambda: datetime.now(UTC)

    @property
    def ready(self) -> bool:
        return True

    def deliver(self, notice: Notice) -> None:
        """One POST; the same key, in two headers, whenever it is repeated.

        Raises:
            NotTaken: it could not be reached or did not answer 2xx.
        """
        body = json.dumps(body_of(notice), ensure_ascii=False).encode()
        key = quote(notice.key, safe="/")  # an id may hold letters that no header can
        headers = {
            "Content-Type": "application/json",
            IDEMPOTENCY_HEADER: key,
            **signing.headers(self.secrets, key, self.real_now(), body),
        }
        ask("POST", self.url, timeout=TIMEOUT, content=body, headers=headers)


def body_of(notice: Notice) -> dict[str, Any]:
    """What it says as JSON; `person` only where sales.yaml lets it."""
    told: dict[str, Any] = {"kind": notice.kind, "id": notice.id, "lead": notice.lead}
    if notice.kind == "message":
        told |= {"to": notice.to, "text": notice.text}
    else:
        told |= {
            "queue": notice.queue, "rep": notice.rep, "reasons": list(notice.reasons), "note": notice.note,
            "due": shown(notice.due), "why": notice.briefing.shown() if notice.briefing is not None else None,
        }  # fmt: skip
    if notice.person is not None:
        person = notice.person
        told["person"] = {"name": person.name, "email": person.email, "company": person.company}
    return {**told, "links": dict(notice.links)}
