"""Many leads with a mail each, and what is told of these mails; the stage of the tests on stops, returns and clicks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Engine, insert, select

from adapters.database import numbering, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.mail_events import MailAnswer, MailEvent, accept_mail
from adapters.database.schema import leads, sends, suppressions
from nurture.definitions import Sender
from tests.database.conftest import NOW

SENT = NOW - timedelta(hours=2)


@dataclass
class Mails:
    """Leads `m0000`, `m0001` … `sender` None: that of the deployment. `now` is what the clock shows."""

    store: DeploymentStore
    sender: Sender | None = None
    now: datetime = NOW
    ids: count[int] = field(default_factory=count)

    @property
    def engine(self) -> Engine:
        return self.store.engine

    def send(
        self, number: int, *, first: int = 0, domain: str = "example.com", scenario: str = "seminar_to_demo",
        visit: int = 1, at: datetime | None = None,
    ) -> list[str]:  # fmt: skip
        """Leads (made where they are not there) with an accepted mail each; returns the send keys."""
        names = [f"m{place:04}" for place in range(first, first + number)]
        sent = at or self.now - (NOW - SENT)
        keys = [f"{name}/{scenario}/1/newsletter/{visit}" for name in names]
        with writing(self.engine) as conn:
            there = set(conn.execute(select(leads.c.id)).scalars())
            rows = [
                {"id": name, "email": f"{name}@{domain}", "language": "ja", "attributes": {}, "created_at": NOW}
                for name in names if name not in there
            ]  # fmt: skip
            if rows:
                conn.execute(insert(leads), rows)
            conn.execute(
                insert(sends),
                [
                    {"key": key, "lead": name, "scenario": scenario, "enrolment": 1, "step": "newsletter",
                     "visit": visit, "template": "newsletter_01", "topic": "newsletter", "deployment": 1,
                     "state": "accepted", "attempted_at": sent, "accepted_at": sent, "domain": domain,
                     "cancelled_issue": 0}
                    for name, key in zip(names, keys, strict=True)
                ],
            )  # fmt: skip
        return keys

    def event(self, key: str, kind: str, *, after: float = 60, **said: Any) -> MailEvent:
        """Something told of a mail, so many seconds after it went."""
        lead = key.split("/", 1)[0]
        with reading(self.engine) as conn:
            row = conn.execute(select(sends.c.accepted_at, sends.c.domain).where(sends.c.key == key)).one()
        made = {
            "id": f"e{next(self.ids)}", "send": key, "type": kind, "at": row.accepted_at + timedelta(seconds=after),
            "address": f"{lead}@{row.domain}",
        }  # fmt: skip
        return MailEvent.model_validate({**made, **said})

    def told(self, *events: MailEvent) -> MailAnswer:
        """The webhook takes a batch in."""
        with writing(self.engine) as conn:
            return accept_mail(conn, events, self.now, self.sender or self.store.current().sender)

    def tell(self, keys: Sequence[str], kind: str, **said: Any) -> MailAnswer:
        """The same of many mails, in one batch."""
        return self.told(*(self.event(key, kind, **said) for key in keys))

    def lines(self, key: str, what: str | None = None) -> list[dict[str, Any]]:
        """The timeline of the lead of a mail; what was told is filed before."""
        lead = key.split("/", 1)[0]
        with writing(self.engine) as conn:
            numbering.file_events(conn, lead, self.store)
            return [line for line in timeline.page(conn, lead)[0] if what in (None, line["what"])]

    def shut(self) -> int:
        """How many suppressions there are."""
        with reading(self.engine) as conn:
            return len(conn.execute(select(suppressions.c.id)).all())
