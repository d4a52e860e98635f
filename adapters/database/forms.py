"""Keeps what somebody said in a form: the lead, the consent and the event, together; refuses to read the request."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from adapters.database import timeline
from adapters.database.addresses import OWNER
from adapters.database.confirmations import Asking, ask
from adapters.database.consents import normalised, unsubscribed
from adapters.database.events import accept
from adapters.database.leads import ConsentIn, LeadUpsert, upsert
from adapters.database.schema import events, leads
from adapters.database.sequence import Deployments
from nurture.definitions import Form
from nurture.errors import NurtureError
from nurture.records import Line


class FormNotKept(NurtureError):
    """The form's event was refused: its definition does not fit the others; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What was filled in, read and checked. None and absent: not filled in, so what is known stays."""

    email: str
    name: str | None
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Submitted:
    """Whose form it was and the id of its event; `again` where it had been kept before."""

    lead: str
    event: str
    again: bool


def event_of(name: str, token: str, email: str) -> str:
    """The id of the event that one filled-in page makes, however often it is posted.

    The address is part of it: a page that is shown again and filled in for somebody else makes another event.
    """
    told = hashlib.sha256(f"{token}\n{normalised(email)}".encode(errors="surrogatepass")).hexdigest()
    return f"form/{name}/{told[:32]}"


def submit(
    conn: Connection, name: str, form: Form, answers: Answers, *, token: str, store: Deployments, moment: Asking
) -> Submitted:
    """Keep one posted form. `form` is the one that was shown, so its wording is what was agreed to.

    With `confirm` the consent is only asked for: a mail follows, and the consent counts once that is answered. With
    `confirm_only: unsubscribed` so for who has unsubscribed, and of the others the post is the consent.
    Raises LeadRefused, UnknownName, WrongValue or FormNotKept; the caller's transaction ends by it.
    """
    event = event_of(name, token, answers.email)
    before = conn.execute(select(events.c.lead).where(events.c.event == event)).first()
    if before is not None:
        return Submitted(str(before.lead), event, again=True)
    owner = conn.execute(OWNER, {"address": normalised(answers.email)}).first()
    mailed = owner.email if owner is not None and owner.email is not None else answers.email
    back = _agrees(form) and unsubscribed(conn, mailed, form.topic or "")
    confirms = _agrees(form) and form.confirm is not None and (form.confirm_only is None or back)
    told, now = _told(name, form, answers, known=owner is not None, consents=not confirms), moment.now
    kept = upsert(
        conn, told, store=store, now=now, wording=form.consent, awaits=form.topic if confirms else None, by_person=True
    )
    lead = kept.lead
    if confirms:
        # the one that mail goes to is asked, whichever of its addresses the lead has given
        address = conn.execute(select(leads.c.email).where(leads.c.id == lead)).scalar_one() or answers.email
        ask(conn, lead, name, form, address=address, moment=moment, held=kept.held)
    elif back:
        timeline.add(conn, lead, _lifted(name, form, now))
    happened = {
        "id": event,
        "lead": lead,
        "type": form.event.type,
        "subject": form.event.subject,
        "properties": {"form": name},
    }
    answer = accept(conn, [happened], store=store, now=now)
    if answer.rejected:
        raise FormNotKept(
            f"the event of form {name!r} was refused: {answer.rejected[0].reason}", do="mend forms.yaml and deploy it"
        )
    return Submitted(lead, event, again=False)


def _agrees(form: Form) -> bool:
    """True if posting the form is a consent to something."""
    return form.topic is not None and form.consent is not None


def _lifted(name: str, form: Form, now: datetime) -> Line:
    """Whoever looks at the lead sees that anybody could have posted it."""
    reason = f"form {name} was posted, and asked nobody by mail (`confirm` of forms.yaml does)"
    return Line(at=now, kind="decision", what="unsubscribe_lifted", subject=form.topic, reason=reason)


def _told(name: str, form: Form, answers: Answers, *, known: bool, consents: bool) -> LeadUpsert:
    told: dict[str, Any] = {"email": answers.email}
    if answers.name is not None:
        told["name"] = answers.name
    if answers.attributes:
        told["attributes"] = dict(answers.attributes)
    if form.language is not None and not known:
        told["language"] = form.language  # who is known has a language already
    if consents and form.topic is not None and _agrees(form):
        told["consent"] = ConsentIn(topics=[form.topic], basis="opt_in", source=f"form:{name}")
    return LeadUpsert.model_validate(told)
