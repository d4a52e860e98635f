"""An event that comes after a decision that it would have changed, through the provider's webhook to the timeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import SecretStr
from sqlalchemy import insert, select

from adapters.database import enrolments, leads, numbering, positions
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.schema import events, sends
from adapters.settings import Settings
from nurture.alarms import alarm_at
from nurture.commands import SendMail, SendResult
from nurture.plan import Book
from nurture.state import State
from nurture.walk import Input, advance
from tests.web.process import HOST, KEY, Process, client_of
from tests.web.test_webhook_over_http import PUBLIC, post
from web.app import make_app

LEAD = "l1"
EMAIL = "l1@example.co.jp"
BEGAN = datetime.now(UTC) - timedelta(days=40)


class Walking:
    """The lead's workflow, driven by hand: what is stored is read, what is decided is written."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.book = Book([process.store.get(number) for number in (0, *process.store.numbers())])
        self.state = State(lead=LEAD)
        self.mails: list[SendMail] = []

    def go(self, now: datetime, *results: Input) -> None:
        """Take what is stored, and answer every mail as accepted; afterwards nothing is due before `now`."""
        inputs: list[Input] = [*results]
        with writing(self.process.engine) as conn:
            inputs += numbering.after(conn, LEAD, self.state.seq, self.process.store)
        while True:
            rings = alarm_at(self.state)
            at = max(BEGAN, min(now, rings)) if rings is not None and not inputs else now
            done = advance(self.book, self.state, inputs, at)
            self.state = done.state
            if done.record is not None:
                with writing(self.process.engine) as conn:
                    assert positions.write(conn, LEAD, [done.record]) is not None
            inputs = [self._sent(each, at) for each in done.commands if isinstance(each, SendMail)]
            rings = alarm_at(self.state)
            if not inputs and (rings is None or rings > now):
                return

    def _sent(self, mail: SendMail, at: datetime) -> SendResult:
        self.mails.append(mail)
        row = {
            "key": mail.key, "lead": LEAD, "scenario": mail.scenario, "enrolment": mail.enrolment, "step": mail.step,
            "visit": mail.visit, "template": mail.template, "topic": mail.topic, "deployment": mail.deployment,
            "state": "accepted", "attempted_at": at, "accepted_at": at, "cancelled_issue": 0,
        }  # fmt: skip
        with writing(self.process.engine) as conn:
            conn.execute(insert(sends).values(row))
        return SendResult(key=mail.key, issue=mail.issue, outcome="accepted", at=at)


async def test_what_comes_after_its_decision_is_kept_scored_marked_late_and_runs_no_second_branch(
    process: Process,
) -> None:
    """The open of the first mail is told after its five days: the second mail has gone by then."""
    with writing(process.engine) as conn:
        consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "form"}
        said = LeadUpsert.model_validate({"id": LEAD, "email": EMAIL, "consent": consent})
        leads.upsert(conn, said, store=process.store, now=BEGAN)
        scenario = process.store.current().scenarios["seminar_to_demo"]
        assert enrolments.decide(conn, LEAD, scenario, deployment=1, now=BEGAN).state == "enrolled"
    walking = Walking(process)
    walking.go(BEGAN)
    while len(walking.mails) < 2:  # the window of the sender, and the five days
        rings = alarm_at(walking.state)
        assert rings is not None
        walking.go(rings)
    first, second = walking.mails
    assert (first.step, second.step) == ("newsletter", "newsletter_again")
    before = (await process.client.get(f"/api/leads/{LEAD}")).json()

    settings = Settings(api_key=SecretStr(KEY), public_url=HOST, sendgrid_webhook_keys=(PUBLIC,))
    provider = client_of(make_app(settings, process.engine, store=process.store, clock=process.clock), None)
    decided = walking.state.run.since if walking.state.run is not None else None
    assert decided is not None
    opened = decided - timedelta(hours=1)
    item: dict[str, Any] = {
        "event": "open", "email": EMAIL, "timestamp": int(opened.timestamp()), "sg_event_id": "o1",
        "nurture_send": first.key,
    }  # fmt: skip
    answer = await post(provider, [item])
    assert (answer.status_code, answer.json()["accepted"]) == (200, 1)
    deadline = alarm_at(walking.state)
    walking.go(decided + timedelta(minutes=1))

    with reading(process.engine) as conn:
        (kept,) = conn.execute(select(events).where(events.c.type == "opened")).all()
    assert (kept.lead, kept.filed, kept.automatic) == (LEAD, True, False)
    lines = (await process.client.get(f"/api/leads/{LEAD}/timeline")).json()["items"]
    (line,) = [each for each in lines if each["kind"] == "event" and each["what"] == "opened"]
    assert (line["late"], line["automatic"], line["subject"]) == (True, False, first.template)
    after = (await process.client.get(f"/api/leads/{LEAD}")).json()
    assert after["score"]["total"] > before["score"]["total"]
    assert after["seq"] == after["stored_seq"]
    assert [after[name] for name in ("status", "step", "visit")] == ["waiting", "newsletter_again", 1]
    assert (len(walking.mails), alarm_at(walking.state)) == (2, deadline)
    assert [each["what"] for each in lines].count("reaction") == 1

    again = await post(provider, [item])
    assert again.json()["duplicates"] == 1
