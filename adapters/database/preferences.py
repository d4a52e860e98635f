"""What a lead gets of each topic, and what it chooses on the preference page; refuses to draw the page.

To leave a topic is an unsubscribe as any other. To come back to one is a consent by form: it keeps the words that were
shown, and lifts what the person itself had undone, never a complaint, a dead mailbox or a decision of ops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from adapters.database import timeline
from adapters.database.consents import ALL, Consent, consent, consented, suppressed, undeliverable
from adapters.database.events import unsubscribe
from adapters.database.merges import lock_who_goes_on
from adapters.database.schema import leads
from nurture.definitions import FormConsent, Sender
from nurture.records import Line

SOURCE = "preferences"
_SENTENCE = {
    "ja": "{sender}が、チェックを付けた次のご案内をメールでお送りすることに同意します。いつでも停止できます。",
    "en": "I agree that {sender} sends me the mails ticked below. I can stop them at any time.",
}
_VERSION = {"ja": "preferences_ja_1", "en": "preferences_en_1"}


@dataclass(frozen=True, slots=True)
class Preference:
    """One topic: what it is called, and whether the lead gets it.

    `stopped`: mail of it was stopped, which is more than never asked for; `shut`: why it cannot be had again here.
    """

    topic: str
    title: str
    gets: bool
    stopped: bool
    shut: str | None


@dataclass(frozen=True, slots=True)
class Wording:
    """What whoever ticks a topic agrees to; `digest` tells whether a page that is sent back showed these very words."""

    sentence: str
    version: str
    titles: dict[str, str]

    @classmethod
    def of(cls, sender: Sender, language: str) -> Wording:
        """In Japanese, or in English for all others."""
        known = "ja" if language.startswith("ja") else "en"
        titles = {topic: sender.title_of(topic, language) for topic in sender.topics}
        return cls(_SENTENCE[known].format(sender=sender.legal_name), _VERSION[known], titles)

    @property
    def digest(self) -> str:
        shown = "\n".join((self.version, self.sentence, *(f"{topic}: {title}" for topic, title in self.titles.items())))
        return hashlib.sha256(shown.encode()).hexdigest()[:32]

    def agreed(self, topic: str) -> FormConsent:
        """The words that stood beside the box of one topic."""
        return FormConsent(version=self.version, text=f"{self.sentence}\n☑ {self.titles[topic]}")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a choice changed; `not_again`: topics that were ticked and cannot be had again here."""

    left: tuple[str, ...] = ()
    joined: tuple[str, ...] = ()
    not_again: tuple[str, ...] = ()


def language_of_lead(conn: Connection, lead: str) -> str | None:
    """The language of a lead that is there and not erased."""
    found: str | None = conn.execute(
        select(leads.c.language).where(leads.c.id == lead, leads.c.status != "erased")
    ).scalar()
    return found


def preferences(conn: Connection, lead: str, wording: Wording) -> list[Preference]:
    """How things stand, topic by topic."""
    address: str | None = conn.execute(select(leads.c.email).where(leads.c.id == lead)).scalar()
    if not address:
        return [Preference(topic, title, False, False, "no address") for topic, title in wording.titles.items()]
    found = []
    for topic, title in wording.titles.items():
        stopped = suppressed(conn, address, topic) is not None
        gets = not stopped and consented(conn, lead, topic)
        found.append(Preference(topic, title, gets, stopped, undeliverable(conn, address, topic)))
    return found


def choose(
    conn: Connection, lead: str, wanted: Collection[str], wording: Wording, *, now: datetime, send: str | None
) -> Chosen:
    """From now on the lead gets these topics and no others. Choosing the same again changes nothing."""
    row = lock_who_goes_on(conn, lead)
    if row is None or row.status == "erased":
        return Chosen()
    lead = row.id
    before = preferences(conn, lead, wording)
    left = [each.topic for each in before if each.gets and each.topic not in wanted]
    missing = [each for each in before if not each.gets and each.topic in wanted]
    joined = [each.topic for each in missing if each.shut is None]
    for topic in left:
        unsubscribe(conn, lead, topic, now=now, send=send, source=SOURCE)
    for topic in joined:
        _join(conn, lead, topic, wording, now)
    return Chosen(tuple(left), tuple(joined), tuple(each.topic for each in missing if each.shut is not None))


def leave_all(conn: Connection, lead: str, *, now: datetime, send: str | None) -> None:
    """No mail of any topic any more."""
    if lock_who_goes_on(conn, lead) is not None:
        unsubscribe(conn, lead, ALL, now=now, send=send, source=SOURCE)


def _join(conn: Connection, lead: str, topic: str, wording: Wording, now: datetime) -> None:
    given: Sequence[str] = [topic]
    consent(conn, lead, Consent(given, "opt_in", SOURCE, now, wording=wording.agreed(topic)))
    line = Line(at=now, kind="decision", what="consented", subject=topic, reason="on the preference page")
    timeline.add(conn, lead, line)
