"""An office of fakes for a lead's workflow: stored entries, records and sends in memory, no database and no mail."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from temporalio import activity
from temporalio.exceptions import ApplicationError

from nurture import protocol
from nurture.commands import EnrollLead, MakeHandoff, NotifyPerson, SendMail, SendResult, TaskDone, name_of
from nurture.entries import AnyEntry
from nurture.facts import gathered
from nurture.records import Record


def real_now() -> datetime:
    """The real instant."""
    return datetime.now(UTC)


class Office:
    """What the activities of a lead would reach; `answer` decides how a mail ends."""

    def __init__(self) -> None:
        self.entries: dict[str, list[AnyEntry]] = defaultdict(list)
        self.records: dict[str, list[Record]] = defaultdict(list)
        self.mails: list[SendMail] = []
        self.handoffs: list[MakeHandoff] = []
        self.told: list[str] = []
        self.cancelled: dict[str, int] = {}
        self.reads = 0
        self.stopped = False
        self.tries = 0
        self.looks = 0
        self.answer: Callable[[SendMail], SendResult] = self.accept

    def accept(self, mail: SendMail) -> SendResult:
        """Every mail is taken at once."""
        return SendResult(key=mail.key, issue=mail.issue, outcome="accepted", at=max(mail.slot, real_now()))

    def hold(self, _: SendMail) -> SendResult:
        """The provider is down: try again soon."""
        raise ApplicationError("held")

    @activity.defn(name=protocol.READ_LEAD)
    async def read_lead(self, asked: protocol.ReadLead) -> protocol.LeadRead:
        self.reads += 1
        kept = self.records[asked.lead]
        state = kept[-1].state if kept and (asked.anyway or kept[-1].number > asked.record) else None
        seq = state.seq if state else asked.seq
        found = tuple(entry for entry in self.entries[asked.lead] if entry.seq > seq)
        return protocol.LeadRead(entries=found, state=state)

    @activity.defn(name=protocol.WRITE_RECORD)
    async def write_record(self, asked: protocol.WriteRecords) -> protocol.Written:
        kept = self.records[asked.lead]
        if kept and asked.records[-1].number <= kept[-1].number:
            return protocol.Written(behind=True)
        self._write(asked.records)
        return protocol.Written(cancelled={each.key: "cancelled" for each in asked.records[-1].cancelled})

    def _write(self, records: tuple[Record, ...]) -> None:
        for record in records:
            kept = self.records[record.lead]
            if not kept or record.number == kept[-1].number + 1:
                kept.append(record)
                self.cancelled |= {each.key: each.issue for each in record.cancelled}

    def _take_up(self, order: protocol.Order) -> None:
        self._write(order.records)
        asked = self.records[order.command.lead][-1].state.unanswered
        if name_of(order.command) not in map(name_of, asked):
            raise ApplicationError(
                "the stored state does not ask for this", type=protocol.SUPERSEDED, non_retryable=True
            )

    @activity.defn(name=protocol.GATHER_FACTS)
    async def gather_facts(self, asked: protocol.GatherFacts) -> protocol.FactsGathered:
        events = [
            (entry.type, entry.subject, entry.send, entry.at)
            for entry in self.entries[asked.lead]
            if entry.kind == "event" and entry.seq <= asked.seq
        ]
        return protocol.FactsGathered(facts=gathered(asked.keeps, events))

    @activity.defn(name=protocol.RETIRE_LEAD)
    async def retire_lead(self, asked: protocol.RetireLead) -> bool:
        return all(entry.seq <= asked.state.seq for entry in self.entries[asked.lead])

    @activity.defn(name=protocol.SEND_MAIL)
    async def send_mail(self, order: protocol.Order) -> SendResult:
        self._take_up(order)
        assert isinstance(order.command, SendMail)
        self.tries += 1
        if self.stopped:
            assert order.aside
            raise ApplicationError("all mail is stopped", type=protocol.STOPPED, non_retryable=True)
        answer = self.answer(order.command)
        if answer.outcome == "accepted":
            self.mails.append(order.command)
        return answer

    @activity.defn(name=protocol.AWAIT_MAIL)
    async def await_mail(self, order: protocol.Order) -> None:
        assert order.records == ()
        self.looks += 1
        if self.stopped:
            raise ApplicationError("all mail is stopped", next_retry_delay=timedelta(milliseconds=50))

    @activity.defn(name=protocol.MAKE_HANDOFF)
    async def make_handoff(self, order: protocol.Order) -> TaskDone:
        self._take_up(order)
        assert isinstance(order.command, MakeHandoff)
        self.handoffs.append(order.command)
        return TaskDone(key=order.command.handoff, at=order.command.at)

    @activity.defn(name=protocol.NOTIFY_PERSON)
    async def notify_person(self, order: protocol.Order) -> TaskDone:
        self._take_up(order)
        assert isinstance(order.command, NotifyPerson)
        self.told.append(order.command.to)
        return TaskDone(key=order.command.key, at=order.command.at)

    @activity.defn(name=protocol.ENROLL_LEAD)
    async def enroll_lead(self, order: protocol.Order) -> TaskDone:
        self._take_up(order)
        assert isinstance(order.command, EnrollLead)
        return TaskDone(key=order.command.key, at=order.command.at)

    @activity.defn(name=protocol.NOTIFY_HANDOFF)
    async def notify_handoff(self, start: protocol.HandoffStart) -> None:
        self.told.append(start.handoff)

    @activity.defn(name=protocol.TEND_HANDOFF)
    async def tend_handoff(self, _: protocol.HandoffStart) -> protocol.HandoffTended:
        return protocol.HandoffTended()

    def lines(self, lead: str) -> list[str]:
        """What was written on the lead's timeline, as `what` or `what subject`."""
        return [
            line.what if line.subject is None else f"{line.what} {line.subject}"
            for record in self.records[lead]
            for line in record.lines
        ]

    @property
    def activities(self) -> list[Callable[..., object]]:
        """For a worker that does not look at stopped mails."""
        return [
            self.read_lead, self.write_record, self.gather_facts, self.retire_lead, self.send_mail,
            self.make_handoff, self.notify_person, self.enroll_lead, self.notify_handoff,
            self.tend_handoff,
        ]  # fmt: skip
