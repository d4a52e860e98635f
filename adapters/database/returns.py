"""Applies what returned mails say of their addresses to the rows of events; nurture/bounces.py decides what that is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapters.database.among import among
from adapters.database.consents import ALL, address_hash
from adapters.database.mail_stops import What
from adapters.database.numbering import place_of
from adapters.database.schema import events
from adapters.database.timeline import line_row
from nurture import bounces, calendar
from nurture.definitions import Definitions, Sender
from nurture.records import Line

COUNTED = ("delivered", "bounced", "blocked", "deferred", "spam_reported")
"""Types of events that say what became of a mail."""
OF_A_MAILBOX = ("delivered", "bounced", "blocked")
"""Those of them that say something of the address a mail went to."""
_WHAT: dict[str, What] = {"delivered": "delivered", "deferred": "deferred", "spam_reported": "spam"}
_RETURNED: dict[str | None, What] = {
    None: "dead", "dead": "dead", "mailbox": "returned", "put_off": "returned", "turned_away": "turned_away"
}  # fmt: skip
_PAST = select(events.c.lead, events.c.send, events.c.type, events.c.at, events.c.properties).where(
    among(events.c.lead), events.c.type.in_(OF_A_MAILBOX)
)
_MEANS = {
    "turned_away": "the receiver takes no such mail for now; the address is good, and stays open",
    "put_off": "this mailbox takes no mail for now; the address stays open",
}


@dataclass(frozen=True, slots=True)
class _One:
    """One thing told of a mail; `mailbox`: to which address, None where an older release kept none."""

    send: str | None
    type: str
    at: datetime
    bounce: str | None
    mailbox: str | None


@dataclass(slots=True)
class Told:
    """What was told before of the mails to one lead, or to one of its addresses."""

    told: list[_One] = field(default_factory=list)

    def add(self, row: Mapping[Any, Any]) -> None:
        """One more row of an event."""
        properties = row["properties"]
        one = _One(row["send"], row["type"], row["at"], properties.get("bounce"), properties.get("mailbox"))
        self.told.append(one)

    def about(self, mailbox: str | None) -> Told:
        """What of it concerns an address; what does not say which one may concern each."""
        return Told([each for each in self.told if mailbox is None or each.mailbox in (None, mailbox)])

    @property
    def mails(self) -> list[bounces.Told]:
        """What was delivered, and what came back because the mailbox was unavailable."""
        return [
            bounces.Told(each.send or "", "mailbox" if each.bounce == "mailbox" else "delivered", each.at)
            for each in self.told
            if each.bounce == "mailbox" or each.type == "delivered"
        ]

    @property
    def returned(self) -> bool:
        """A mail came back for another reason than that there is no such mailbox."""
        return any(each.bounce in ("mailbox", "turned_away", "put_off") for each in self.told)

    @property
    def dead(self) -> bool:
        """There is no such mailbox."""
        return any(each.type == "bounced" and each.bounce in (None, "dead") for each in self.told)


@dataclass(frozen=True, slots=True)
class Past:
    """The same for several leads."""

    leads: Mapping[str, Told]

    def of(self, lead: str | None) -> Told:
        """Of one lead; nothing, where nobody knows whose address it is."""
        return self.leads.get(lead or "") or Told()


def mailbox_of(address: str) -> str:
    """What the row of an event keeps of the address its mail went to: enough to tell a lead's addresses apart."""
    return address_hash(address)[:16]


def past(conn: Connection, several: Collection[str]) -> Past:
    """What is stored of returned and delivered mails of these leads."""
    found = {lead: Told() for lead in several}
    for row in conn.execute(_PAST, {"of": sorted(several)}).mappings() if several else ():
        found[row["lead"]].add(row)
    return Past(found)


def judge(row: dict[str, Any], of_lead: Told, sender: Sender | None) -> None:
    """Decide whether the row of a returned mail shuts the address; what it says becomes part of what was told."""
    bounce, mailbox = row["properties"].get("bounce"), row["properties"].get("mailbox")
    before = of_lead.about(mailbox)
    if row["type"] == "bounced" and bounce == "dropped" and before.returned and not before.dead:
        # the provider remembers a return that is not the lead's fault: its list has to be mended, not ours
        row["type"], row["suppresses"] = "dropped", None
    of_lead.add(row)
    if bounce == "mailbox":
        where = calendar.zone_of(None, Definitions(sender=sender))
        if bounces.unavailable_days(of_lead.about(mailbox).mails, where) >= bounces.DAYS:
            row["suppresses"] = ALL


def what(row: Mapping[str, Any]) -> What | None:
    """What the row of an event says became of its mail; None where it says nothing new."""
    if row["properties"].get("bounce") == "dropped":
        return None  # never passed on: of an earlier mail, which was counted
    if row["type"] in ("bounced", "blocked"):
        return _RETURNED.get(row["properties"].get("bounce"))
    return _WHAT.get(row["type"])


def lines(rows: Sequence[Mapping[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """The lines of mails that came back without a fault of the lead, which its workflow never hears of."""
    found: list[dict[str, Any]] = []
    for row in rows:
        bounce = row["properties"].get("bounce")
        dropped = row["type"] == "dropped" and bounce == "dropped"
        if row["lead"] is None or not (dropped or bounce in _MEANS):
            continue
        means = _MEANS.get(bounce, "the provider keeps it on its list of bounces: take it off there")
        scenario, step, visit = place_of(row["send"])
        line = Line(
            at=now, kind="send", what="dropped" if dropped else "returned", subject=row["subject"] or None,
            scenario=scenario, step=step, visit=visit, reason=f"{row['properties'].get('reason', 'bounce')}: {means}",
        )  # fmt: skip
        found.append(line_row(row["lead"], line))
    return found
