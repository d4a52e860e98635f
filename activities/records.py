"""Reads and writes what the database knows of one lead: short transactions, all of them safe to run again."""

from __future__ import annotations

from datetime import datetime

from pydantic import TypeAdapter
from temporalio import activity

from activities.desk import Desk
from adapters.database import numbering, positions
from adapters.database.engine import reading, writing
from adapters.database.events import happened
from adapters.delivery import of_one_message
from nurture import protocol
from nurture.commands import Record
from nurture.facts import Facts, gathered
from nurture.plan import Book
from nurture.state import State

_STATE = TypeAdapter(State)


class RecordActivities:
    """The local activities of a lead's workflow."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @activity.defn(name=protocol.READ_LEAD)
    def read_lead(self, asked: protocol.ReadLead) -> protocol.LeadRead:
        """The stored entries above a number, those the relay has not reached numbered now."""
        with writing(self._desk.engine) as conn:
            kept = positions.starting_point(conn, asked.lead) if asked.kept else None
            state = _STATE.validate_python(kept) if kept is not None else None
            seq = max(asked.seq, state.seq if state is not None else 0)
            entries = numbering.after(conn, asked.lead, seq, self._desk.store)
            earlier = happened(conn, asked.lead, 0) if asked.kept and state is None else []
        first, _ = of_one_message(entries)
        facts = self._sheet(earlier) if earlier else None
        return protocol.LeadRead(entries=tuple(first), state=state, facts=facts, more=len(first) < len(entries))

    def _sheet(self, earlier: list[tuple[str, str, str | None, datetime]]) -> Facts:
        """What the current definitions ask about events that were kept without a number."""
        current = self._desk.store.current()
        return gathered(Book([current]).keeps(frozenset(), current.number), earlier)

    @activity.defn(name=protocol.WRITE_RECORD)
    def write_record(self, record: Record) -> protocol.Written:
        """Write what one advance changed."""
        with writing(self._desk.engine) as conn:
            return protocol.Written(cancelled=positions.record(conn, record))

    @activity.defn(name=protocol.GATHER_FACTS)
    def gather_facts(self, asked: protocol.GatherFacts) -> protocol.FactsGathered:
        """Make a fact sheet anew from the stored events."""
        with reading(self._desk.engine) as conn:
            facts = gathered(asked.keeps, happened(conn, asked.lead, asked.seq))
        return protocol.FactsGathered(facts=facts)

    @activity.defn(name=protocol.RETIRE_LEAD)
    def retire_lead(self, asked: protocol.RetireLead) -> bool:
        """Keep the state of an idle lead; False if something arrived meanwhile."""
        with writing(self._desk.engine) as conn:
            return positions.retire(conn, asked.lead, asked.state.seq, _STATE.dump_python(asked.state, mode="json"))
