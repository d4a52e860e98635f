"""Sends one mail: gate, ledger, provider, answer. Decides what is tried again, and never sends twice on a guess."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Connection
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.counting import SendCounters
from activities.desk import Desk, real_now, take_up
from adapters.database import sends
from adapters.database.engine import reading, writing
from adapters.database.numbering import lock
from adapters.mail.link_tokens import good_until
from adapters.mail.port import Accepted, Answer, Held, Mail, Refused, Unknown
from adapters.mail.rendering import LeadFacts, render
from adapters.mail.tokens import Subscription, one_click_headers
from adapters.mail.variables import TemplateBlocked
from nurture import gate, protocol
from nurture.commands import SendMail, SendResult
from nurture.definitions import Definitions, LostAnswer, Sender, Template
from nurture.visit import TOLERANCE

log = structlog.get_logger(__name__)

ONE_CALL = timedelta(seconds=8)
"""How long one attempt may last, from its start to the provider's answer; Temporal gives it a second more."""
MARGIN = timedelta(milliseconds=500)
"""How long after its end a provider that settles is asked what became of a call."""
TO_BEGIN = timedelta(seconds=2)
"""How long an attempt may take to reach the provider; one that took longer stands aside for the next."""
NEXT_TRY = timedelta(seconds=5)
"""When a held send is tried again where the provider did not say."""
ALERTED_TRY = timedelta(seconds=30)
"""When all sending is tried again after trouble that a person has to mend (401, 403)."""
FIRST_LOOK = timedelta(seconds=5)
LAST_LOOK = timedelta(minutes=10)
"""How soon, and at last how seldom, a mail is tried again that a person has to release, in real time."""

TOO_SLOW = "the machine is too busy, or its clock is behind Temporal's"
BY_EVIDENCE = "by evidence: the provider has it"


@dataclass(frozen=True, slots=True)
class _Stopped:
    """A person, a deploy or time has to let the mail go."""

    reason: str


@dataclass(frozen=True, slots=True)
class _Begun:
    """A mail whose row is in flight, and when this attempt began, which is its name."""

    mail: Mail
    at: datetime


class MailActivities:
    """The activity that hands mails to the provider."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._count = SendCounters(desk.meter)

    @activity.defn(name=protocol.SEND_MAIL, no_thread_cancel_exception=True)
    def send_mail(self, order: protocol.Order) -> SendResult:
        """Send one mail, or say why not. Raises a retryable error while the provider cannot take it."""
        command, started = order.command, activity.info().started_time
        if not isinstance(command, SendMail):
            raise ApplicationError(f"{command.command} is not a mail", non_retryable=True)
        with writing(self._desk.engine) as conn:
            take_up(conn, order)
            begun = self._begin(conn, command)
        if isinstance(begun, _Stopped) and order.aside:
            raise ApplicationError(begun.reason, type=protocol.STOPPED, non_retryable=True)
        return self._go_on(command, begun, started)

    @activity.defn(name=protocol.AWAIT_MAIL, no_thread_cancel_exception=True)
    def await_mail(self, order: protocol.Order) -> None:
        """Return once nothing stops the mail any more: then it is ordered anew, and judged anew.

        It is asked on a queue of its own, so that what is stopped takes no place of the mail that goes, nor of tasks.
        """
        command = order.command
        if not isinstance(command, SendMail):
            raise ApplicationError(f"{command.command} is not a mail", non_retryable=True)
        with reading(self._desk.engine) as conn:
            verdict = self._judge(conn, command, sends.look(conn, command), self._desk.store.current())
        if verdict.gate == "held":
            raise held(verdict.reason or "", patience(activity.info().attempt))

    def attempt(self, command: SendMail, started: datetime) -> SendResult:
        """One attempt at a mail that no workflow of a lead has ordered; `started`: when it began, in real time."""
        with writing(self._desk.engine) as conn:
            lock(conn, command.lead)
            begun = self._begin(conn, command)
        return self._go_on(command, begun, started)

    def _go_on(
        self, command: SendMail, begun: _Begun | SendResult | sends.Hold | _Stopped | None, started: datetime
    ) -> SendResult:
        if begun is None:
            begun = self._settle(command)
        if isinstance(begun, _Stopped):
            raise held(begun.reason, patience(activity.info().attempt))
        if isinstance(begun, SendResult):
            return begun
        if isinstance(begun, _Begun):
            begun = self._hand_over(command, begun, started)
        if isinstance(begun, sends.Hold):
            raise held(begun.reason, begun.until - real_now())
        return begun

    # --- before the call --------------------------------------------------------------------------------------------

    def _begin(self, conn: Connection, command: SendMail) -> _Begun | SendResult | sends.Hold | _Stopped | None:
        """The mail to hand over, its row written; or its result; or the hold; None: an earlier attempt is in doubt."""
        known = sends.look(conn, command)
        earlier = sends.earlier(command, known)
        if isinstance(earlier, SendResult):
            return earlier
        if earlier == "in_flight":
            return None
        settled = self._not_again(conn, command, known) if known.row.again else None
        if settled is not None:
            return settled
        now, hold = self._desk.clock.now(), known.hold
        if hold is not None and hold.until > real_now():
            sends.hold_back(conn, command, known, now, reason=hold.reason)
            return hold
        definitions = self._desk.store.current()
        verdict = self._judge(conn, command, known, definitions)
        kept = self._kept_back(conn, command, known, verdict, now)
        if kept is not None:
            return kept
        rendered = self._render(conn, command, known, definitions)
        if isinstance(rendered, str):
            return self._count.ended(sends.result(command, "blocked", now, rendered))
        mail, template = rendered
        replies = self._desk.replies
        token = replies.token(command.key) if replies is not None else None
        began = sends.begin(
            conn, command, known, template_sha256=template.sha256, at=now, subject=mail.subject, answers_to=token
        )
        return _Begun(mail, began)

    def _not_again(self, conn: Connection, command: SendMail, known: sends.Known) -> SendResult | sends.Hold | None:
        """Why a mail whose answer was lost is not sent again, or not yet; None: it is."""
        row, policy = known.row, self._lost_answer
        proof = sends.evidence(conn, command.key)
        if proof is not None:
            at = max(proof, row.attempted_at)
            return self._count.ended(sends.end(conn, command, "accepted", at, seq=known.seq, reason=BY_EVIDENCE))
        if not known.awaited:
            return None
        if policy.then == "go_on":
            return self._give_up(conn, command, known, "sender.yaml says so now")
        until = row.attempted_at + self._desk.clock.epoch.tolerance(policy.after.span)
        if self._desk.clock.now() < until:
            return sends.Hold(row.attempted_at, self._desk.clock.epoch.real_at(until), row.reason)
        return None

    def _give_up(self, conn: Connection, command: SendMail, known: sends.Known, why: str | None) -> SendResult:
        reason = f"it may have gone, and is not sent again: {why}"
        began = known.row.attempted_at
        return self._count.ended(sends.end(conn, command, "unknown", began, seq=known.seq, reason=reason))

    @property
    def _lost_answer(self) -> LostAnswer:
        sender = self._desk.store.current().sender
        return sender.lost_answer if sender is not None else LostAnswer()

    def _kept_back(
        self, conn: Connection, command: SendMail, known: sends.Known, verdict: gate.Verdict, now: datetime
    ) -> SendResult | _Stopped | None:
        """What follows where the gate is not open; None where it is."""
        if known.row.again and verdict.gate in ("ended", "refused"):  # the first one may have gone
            return self._give_up(conn, command, known, verdict.reason)
        match verdict.gate:
            case "ended":
                return self._count.ended(sends.result(command, "blocked", now, verdict.reason))
            case "refused":
                return self._count.ended(sends.refuse(conn, command, known, now, reason=verdict.reason))
            case "deferred":
                sends.tell(conn, command, "deferred", now, seq=known.seq, reason=verdict.reason)
                return self._count.ended(sends.result(command, "deferred", verdict.until or now, verdict.reason))
            case "held":
                sends.hold_back(conn, command, known, now, reason=verdict.reason, anew=True)
                return _Stopped(verdict.reason)
        return None

    def _judge(self, conn: Connection, command: SendMail, known: sends.Known, definitions: Definitions) -> gate.Verdict:
        now, tolerance = self._desk.clock.now(), self._desk.clock.epoch.tolerance(TOLERANCE)
        return gate.judge(sends.asked(conn, command, known, definitions, now, tolerance), definitions)

    def _render(
        self, conn: Connection, command: SendMail, known: sends.Known, definitions: Definitions
    ) -> tuple[Mail, Template] | str:
        del conn  # a mail of a scenario needs no more than is known
        return self._fill(command, known, definitions)

    def _fill(
        self, command: SendMail, known: sends.Known, definitions: Definitions, *, confirm_url: str | None = None
    ) -> tuple[Mail, Template] | str:
        """The mail and its template, or why this lead's mail cannot be made."""
        template, to = definitions.templates.get((command.template, command.language)), known.row
        if template is None or definitions.sender is None or to.email is None:
            missing = "address" if to.email is None else "sender.yaml" if template else f"template {command.template!r}"
            return f"no {missing} in deployment {definitions.number} ({command.language}): mend it and deploy"
        url = self._desk.tokens.url(
            self._desk.public_url, Subscription(lead=command.lead, topic=command.topic, send_key=command.key)
        )
        sender: Sender = definitions.sender
        try:
            rendered = render(
                template,
                lead=LeadFacts(id=command.lead, name=to.name, attributes=to.attributes),
                sender=sender,
                unsubscribe_url=url,
                link_base=self._desk.public_url,
                send_key=command.key,
                confirm_url=confirm_url,
                mark=self._mark(command) if confirm_url is None else None,
            )
        except TemplateBlocked as error:
            return str(error)
        replies = self._desk.replies
        token = replies.token(command.key) if replies is not None else ""
        mail = Mail(
            to=to.email,
            to_name=to.name or "",
            from_email=sender.from_.email,
            from_name=sender.from_.name,
            subject=rendered.subject,
            text=rendered.text,
            html=rendered.html,
            send_key=command.key,
            headers=one_click_headers(url, replies.leave_at(token) if replies is not None else None),
            reply_to=replies.answer_at(token) if replies is not None else None,
        )
        return mail, template

    def _mark(self, command: SendMail) -> Callable[[str], str] | None:
        """What is done to a link, so that the own site may know whose mail it stood in."""
        links = self._desk.links
        if links is None:
            return None
        until = good_until(command.slot, self._desk.clock.epoch.speed)
        return lambda url: links.marked(url, command.key, until)

    # --- the call and its answer ------------------------------------------------------------------------------------

    def _hand_over(self, command: SendMail, begun: _Begun, started: datetime) -> SendResult | sends.Hold:
        not_after = started + ONE_CALL
        if real_now() - started > TO_BEGIN:  # another attempt may begin before this one would end
            return self._take(command, begun.at, Held(TOO_SLOW, timedelta(seconds=1)))
        answer = self._desk.mailer.send(replace(begun.mail, not_after=not_after))
        if isinstance(answer, Unknown) and self._desk.mailer.settles:
            # the row stays in flight: the next attempt settles it by evidence
            raise held(answer.reason, not_after - real_now() + MARGIN)
        return self._take(command, begun.at, answer)

    def _take(self, command: SendMail, began: datetime, answer: Answer) -> SendResult | sends.Hold:
        """Write the answer down, unless a later attempt has taken over: then only a mail that went is news."""
        with writing(self._desk.engine) as conn:
            lock(conn, command.lead)
            known = sends.look(conn, command)
            mine = known.is_of(began)
            over = known.hold is not None and known.hold.until <= real_now()  # else it was asked before the hold
            if isinstance(answer, Accepted) and over and sends.release(conn):
                log.warning("mail_goes_again")
            if mine and not isinstance(answer, Held):
                return self._end(conn, command, known, began, answer)
            now, wait = self._desk.clock.now(), NEXT_TRY
            if isinstance(answer, Accepted):
                sends.prove(conn, command, known, now, message_id=answer.message_id)
            if isinstance(answer, Held):
                self._count.held(answer)
                wait = answer.retry_after or (ALERTED_TRY if answer.alert else NEXT_TRY)
                if answer.provider_wide:
                    self._hold_all(conn, answer, wait)
                if mine:
                    sends.hold_back(conn, command, known, now, reason=answer.reason)
        raise held(answer.reason if isinstance(answer, Held) else "a later attempt has taken over", wait)

    def _end(
        self, conn: Connection, command: SendMail, known: sends.Known, began: datetime,
        answer: Accepted | Unknown | Refused,
    ) -> SendResult | sends.Hold:  # fmt: skip
        at, seq = self._desk.clock.now(), known.seq
        match answer:
            case Accepted(message_id=message_id):
                return self._count.ended(sends.end(conn, command, "accepted", at, seq=seq, message_id=message_id))
            case Refused(reason=reason):
                return self._count.ended(sends.end(conn, command, "refused", at, seq=seq, reason=reason))
            case Unknown(reason=reason):
                proof = sends.evidence(conn, command.key)
                if proof is not None:  # the provider's events were faster than its answer
                    return self._count.ended(
                        sends.end(conn, command, "accepted", max(proof, began), seq=seq, reason=BY_EVIDENCE)
                    )
                return self._lost(conn, command, known, began, reason)

    def _lost(
        self, conn: Connection, command: SendMail, known: sends.Known, began: datetime, reason: str
    ) -> SendResult | sends.Hold:
        """Nobody can tell whether the mail went: the lead goes on, or waits where sender.yaml has it sent again."""
        policy = self._lost_answer
        if policy.then == "go_on" or known.row.again:
            told = f"{reason}; it may have gone, so it is not sent again"
            return self._count.ended(sends.end(conn, command, "unknown", began, seq=known.seq, reason=told))
        told = f"{reason}; it is sent again unless the provider tells of it within {policy.after}"
        sends.await_evidence(conn, command, known, began, reason=told)
        epoch = self._desk.clock.epoch
        return sends.Hold(began, epoch.real_at(began + epoch.tolerance(policy.after.span)), told)

    def _hold_all(self, conn: Connection, answer: Held, wait: timedelta) -> None:
        now = real_now()
        if sends.hold_all(conn, now_real=now, until=now + wait, reason=answer.reason, alert=answer.alert):
            alert = log.error if answer.alert else log.warning
            alert("all_mail_held", reason=answer.reason, do="mend what the reason names; mail goes on by itself")

    def _settle(self, command: SendMail) -> _Begun | SendResult | sends.Hold | _Stopped:
        """An earlier attempt wrote `in_flight` and died: settle it by evidence, never by sending blindly again."""
        asked = real_now()
        found = self._desk.mailer.lookup(command.key)
        with writing(self._desk.engine) as conn:
            lock(conn, command.lead)
            known = sends.look(conn, command)
            earlier = sends.earlier(command, known)
            if isinstance(earlier, SendResult):
                return earlier
            if earlier == "awaited":
                raise held("an earlier attempt has taken over", NEXT_TRY)
            seq, began = known.seq, known.row.attempted_at
            proof: datetime | None = sends.evidence(conn, command.key)
            if proof is not None or found == "accepted":
                return self._count.ended(
                    sends.end(conn, command, "accepted", max(proof or began, began), seq=seq, reason=BY_EVIDENCE)
                )
            if found == "cannot_tell" and self._desk.mailer.settles:
                raise held("the provider cannot be asked now", timedelta(seconds=1))
            if found in ("cannot_tell", "never_tells"):
                return self._lost(conn, command, known, began, "the answer was lost in a crash")
            left = self._desk.clock.epoch.real_at(began) + ONE_CALL + MARGIN - asked
            if left > timedelta(0):  # it may still be on its way, where the attempt did not die at all
                raise held("the answer of an earlier attempt is awaited", left)
            sends.hold_back(conn, command, known, self._desk.clock.now(), reason="the provider never got it")
            begun = self._begin(conn, command)
        if begun is None:
            raise held("the answer of an earlier attempt is awaited", NEXT_TRY)
        return begun


def patience(attempt: int) -> timedelta:
    """When a mail that somebody has to release is looked at again: soon at first, then every ten minutes."""
    return min(FIRST_LOOK * (1 << min(attempt - 1, 10)), LAST_LOOK)


def held(reason: str, wait: timedelta) -> ApplicationError:
    """An error that Temporal tries again after `wait`, for as long as it takes."""
    return ApplicationError(
        reason, type="MailHeld", next_retry_delay=max(wait, timedelta(milliseconds=200)), non_retryable=False
    )
