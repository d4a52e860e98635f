"""Sends the mail that asks for a consent once more; differs from other mail in what it is judged by, not in the going.

It is what a person asked for a moment ago, so neither consent, window nor cap is asked for, and it counts towards no
cap. A dead mailbox, a spam report, a decision of ops and an address that has changed forbid it, too; and while all mail
is stopped, or that to a domain, it waits.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection
from temporalio import activity

from activities.desk import real_now
from activities.mail import MailActivities, held
from adapters.database import confirmations, consents, sends
from adapters.database.engine import reading, writing
from adapters.mail.port import Mail
from adapters.mail.tokens import Confirmation
from nurture import protocol
from nurture.commands import SendMail, SendResult
from nurture.definitions import Definitions, Template
from nurture.folder import DEFAULT_LANGUAGE
from nurture.gate import Verdict

TRY_AGAIN = timedelta(minutes=1)
"""When a mail that cannot be made is tried again: a deploy may have mended it."""


class ConfirmationActivities(MailActivities):
    """The activity that sends the mail of one request, at most once."""

    @activity.defn(name=protocol.SEND_CONFIRMATION, no_thread_cancel_exception=True)
    def send_confirmation(self, order: protocol.Confirm) -> SendResult:
        """Send it, or say why not. Raises a retryable error while it cannot be made or the provider cannot take it."""
        started = activity.info().started_time
        command = self._command(order.request)
        if command is None:  # the person was erased meanwhile
            gone, now = f"confirmation/{order.request}", self._desk.clock.now()
            return SendResult(key=gone, issue=1, outcome="refused", at=now, reason="the request is gone")
        result = self.attempt(command, started)
        if result.outcome == "blocked":
            why = result.reason or "the mail cannot be made"
            with writing(self._desk.engine) as conn:
                sends.hold_back(conn, command, sends.look(conn, command), self._desk.clock.now(), reason=why)
            raise held(why, TRY_AGAIN)
        with writing(self._desk.engine) as conn:
            confirmations.end(conn, order.request, real_now())
        return result

    def _command(self, request: int) -> SendMail | None:
        with reading(self._desk.engine) as conn:
            asked = confirmations.request(conn, request)
        if asked is None:
            return None
        definitions = self._desk.store.current()
        form = definitions.forms.get(asked.form)
        language = _language(definitions, asked.template, asked.language, form.language if form else None)
        return confirmations.command_of(asked, language=language, deployment=definitions.number)

    def _judge(self, conn: Connection, command: SendMail, known: sends.Known, definitions: Definitions) -> Verdict:
        del definitions  # no rule of theirs holds here
        asked = confirmations.of_command(conn, command)
        if asked is None or asked.email is None or asked.status == "erased":
            return Verdict("refused", "no address")
        if not confirmations.holds_for(asked):
            return Verdict("refused", "the address has changed since it was asked for")
        why = consents.undeliverable(conn, asked.email, asked.topic)
        if why is not None:
            return Verdict("refused", f"suppressed: {why}")
        if self._desk.clock.now() >= asked.until:
            return Verdict("refused", "it was asked for too long ago")
        stopped = sends.stopped(conn, command, known, self._desk.clock.now())
        return Verdict("open") if stopped is None else Verdict("held", stopped)

    def _render(
        self, conn: Connection, command: SendMail, known: sends.Known, definitions: Definitions
    ) -> tuple[Mail, Template] | str:
        asked = confirmations.of_command(conn, command)
        if asked is None:
            return "the request is gone"
        link = self._desk.confirmations.url(self._desk.public_url, Confirmation(asked.id, asked.until))
        made = self._fill(command, known, definitions, confirm_url=link)
        # before somebody has agreed, nobody is told what they open
        return made if isinstance(made, str) else (replace(made[0], tracked=False), made[1])


def _language(definitions: Definitions, template: str, *wanted: str | None) -> str:
    """The first of these languages in which the template is written, else Japanese, else whichever there is."""
    there = sorted(language for name, language in definitions.templates if name == template)
    found = (language for language in (*wanted, DEFAULT_LANGUAGE, *there) if language in there)
    return next(found, DEFAULT_LANGUAGE)
