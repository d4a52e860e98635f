"""Reads and writes what the database knows of one lead: short transactions, all of them safe to run again."""

from __future__ import annotations

from datetime import datetime

from temporalio import activity

from activities.desk import Desk
from adapters.database import numbering, positions
from adapters.database.engine import reading, writing
from adapters.database.events import happened
from adapters.delivery import of_one_message
from nurture import protocol
from nurture.facts import Facts, gathered
from nurture.plan import Book


class RecordActivities:
    """The local activities of a lead's workflow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @activity.defn(name=protocol.READ_LEAD, no_thread_cancel_exception=True)
    def read_lead(self, asked: protocol.ReadLead) -> protocol.LeadRead:
        """The stored entries above a number, those the relay has not reached numbered now."""
        with writing(self._desk.engine) as conn:
            beyond = -1 if asked.anyway else asked.record
            state = positions.starting_point(conn, asked.lead, beyond=beyond)
            entries = numbering.after(conn, asked.lead, state.seq if state else asked.seq, self._desk.store)
            begins = asked.anyway and asked.record == 0 and state is None
            earlier = happened(conn, asked.lead, 0) if begins else []
        first, _ = of_one_message(entries)
        return protocol.LeadRead(
            entries=tuple(first),
            state=state,
            epoch=self._desk.clock.epoch if state is not None else None,
            facts=self._sheet(earlier) if earlier else None,
            more=len(first) < len(entries),
        )

    def _sheet(self, earlier: list[tuple[str, str, str | None, datetime]]) -> Facts:
        """What the current definitions ask about events that were kept without a number."""
        current = self._desk.store.current()
        return gathered(Book([current]).keeps(frozenset(), current.number), earlier)

    @activity.defn(name=protocol.WRITE_RECORD, no_thread_cancel_exception=True)
    def write_record(self, asked: protocol.WriteRecords) -> protocol.Written:
        """Write what one advance changed, unless the store knows better."""
        with writing(self._desk.engine) as conn:
            cancelled = positions.write(conn, asked.lead, asked.records)
        return protocol.Written(behind=True) if cancelled is None else protocol.Written(cancelled=cancelled)

    @activity.defn(name=protocol.GATHER_FACTS, no_thread_cancel_exception=True)
    def gather_facts(self, asked: protocol.GatherFacts) -> protocol.FactsGathered:
        """Make a fact sheet anew from the stored events."""
        with reading(self._desk.engine) as conn:
            facts = gathered(asked.keeps, happened(conn, asked.lead, asked.seq))
        return protocol.FactsGathered(facts=facts)

    @activity.defn(name=protocol.RETIRE_LEAD, no_thread_cancel_exception=True)
    def retire_lead(self, asked: protocol.RetireLead) -> bool:
        """Keep the state of an idle lead; False if something arrived meanwhile."""
        with writing(self._desk.engine) as conn:
            return positions.retire(conn, asked.lead, asked.state)
