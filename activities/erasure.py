"""The steps of an erasure: one adapter call each, all of them safe to run again; no step tells anybody an address."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import structlog
from sqlalchemy import select
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.desk import Desk
from adapters.database import erasures, scrubbing
from adapters.database.engine import reading, settle_log, writing
from adapters.database.merges import merged_into
from adapters.database.schema import confirmations
from adapters.database.sequence import lock
from adapters.forgetting import delete_histories
from adapters.mail.port import Accepted, Held, Refused
from adapters.sales_channels.chosen import forget
from nurture import protocol

log = structlog.get_logger(__name__)
BY_HAND = "`nurture leads erase LEAD` shows what to erase there by hand; then tell it with --done-by-hand"


class ErasureActivities:
    """The activities of an erasure's workflow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @activity.defn(name=protocol.LET_GO, no_thread_cancel_exception=True)
    def let_go(self, order: protocol.Erase) -> protocol.LetGo:
        """Whether the lead's workflow has heard of it and no mail is on its way."""
        with reading(self._desk.engine) as conn:
            return protocol.LetGo(done=erasures.let_go(conn, order.lead))

    @activity.defn(name=protocol.FORGET_HISTORY, no_thread_cancel_exception=True)
    async def forget_history(self, order: protocol.Erase) -> None:
        """Delete the runs of the lead's workflow, which carry its attributes; one that still runs ends by it."""
        left = await delete_histories(activity.client(), await asyncio.to_thread(self._workflows, order.lead))
        if left:  # they are listed until the server has got round to it
            raise ApplicationError(f"{left} run(s) are being deleted", next_retry_delay=timedelta(seconds=1))

    def _workflows(self, lead: str) -> list[str]:
        with reading(self._desk.engine) as conn:
            asked = conn.execute(select(confirmations.c.id).where(confirmations.c.lead == lead)).scalars().all()
        return [protocol.lead_workflow_id(lead), *map(protocol.confirmation_workflow_id, asked)]

    @activity.defn(name=protocol.SCRUB, no_thread_cancel_exception=True)
    def scrub(self, order: protocol.Erase) -> None:
        """Take the person out of every table, and out of the files that sales reads."""
        with writing(self._desk.engine) as conn:
            lock(conn, order.lead)
            scrubbing.scrub(conn, order.lead, self._desk.clock.now())
            known_as = [order.lead, *merged_into(conn, order.lead)]
        forget(self._desk.teller.channels, known_as)
        settle_log(self._desk.engine)

    @activity.defn(name=protocol.ERASE_AT_PROVIDER, no_thread_cancel_exception=True)
    def erase_at_provider(self, order: protocol.Erase) -> None:
        """Have the provider forget the addresses; raises a retryable error while it cannot be asked."""
        with reading(self._desk.engine) as conn:
            known = erasures.addresses_of(conn, order.lead)
        if not known:
            return
        if order.give_up:
            self._note(order, "refused", "no answer for three days: erase the address at the provider by hand")
            return
        match self._desk.mailer.erase(known):
            case Accepted(message_id=job):
                self._note(order, "accepted", f"job {job}" if job else None)
            case Refused(reason=reason):
                self._note(order, "refused", f"{reason}: erase the address at the provider by hand")
            case Held(reason=reason, retry_after=wait, alert=alert):
                why = erasures.without(known, reason) or ""  # errors go into Temporal and the log
                if alert:
                    log.error("provider_does_not_erase", lead=order.lead, reason=why)
                raise ApplicationError(why, type="EraseHeld", next_retry_delay=wait)

    def _note(self, order: protocol.Erase, answer: erasures.Provider, said: str | None) -> None:
        with writing(self._desk.engine) as conn:
            erasures.provider_answered(conn, order.lead, answer, said)
        settle_log(self._desk.engine)
        if answer == "refused":
            log.error("provider_refused_to_erase", lead=order.lead, do=BY_HAND)

    @activity.defn(name=protocol.KEEP_CONSENTS, no_thread_cancel_exception=True)
    def keep_consents(self, order: protocol.Erase) -> protocol.ConsentsKept:
        """End the erasure once nothing has to be kept any more; else how long to wait."""
        now = self._desk.clock.now()
        with writing(self._desk.engine) as conn:
            lock(conn, order.lead)
            until = erasures.consents_until(conn, order.lead)
            if until is not None and now < until:
                return protocol.ConsentsKept(wait=self._desk.clock.epoch.real_span(until - now))
            scrubbing.end(conn, order.lead, now)
        return protocol.ConsentsKept()
