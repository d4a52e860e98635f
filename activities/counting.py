"""Counts what became of mails, beside the metrics of Temporal's SDK; refuses to know for whom they were."""

from __future__ import annotations

from typing import Literal

from temporalio.common import MetricMeter

from adapters.mail.port import Held
from nurture.commands import SendResult

Why = Literal["needs_person", "rate_limit", "outage", "this_mail"]
_OUTCOMES = ("accepted", "unknown", "refused", "deferred", "blocked")
_WHY: tuple[Why, ...] = ("needs_person", "rate_limit", "outage", "this_mail")


class SendCounters:
    """`nurture_sends_total` by outcome, `nurture_sends_held_total` by why the provider did not take a mail yet."""

    def __init__(self, meter: MetricMeter) -> None:
        self._sends = meter.create_counter("nurture_sends", "What the activity made of mails; unknown may be settled")
        self._held = meter.create_counter("nurture_sends_held", "Attempts after which a mail is tried again")
        for outcome in _OUTCOMES:  # shown from the start, so that the first one is an increase
            self._sends.add(0, {"outcome": outcome})
        for why in _WHY:
            self._held.add(0, {"reason": why})

    def ended(self, result: SendResult) -> SendResult:
        """Count a result at the moment it is decided, and give it on; one read from the ledger is no news."""
        self._sends.add(1, {"outcome": result.outcome})
        return result

    def held(self, answer: Held) -> None:
        """Count an attempt that is made again."""
        why: Why = "this_mail"
        if answer.provider_wide:
            why = "rate_limit" if answer.reason.startswith("429") else "outage"
        self._held.add(1, {"reason": "needs_person" if answer.alert else why})
