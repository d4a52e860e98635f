"""One lead as one durable workflow: a short loop that turns what came in into what the core commands."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, WorkflowAlreadyStartedError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from nurture import protocol
    from nurture.alarms import alarm, alarm_at
    from nurture.chronicle import position
    from nurture.clock import Epoch
    from nurture.commands import (
        MakeHandoff,
        SendMail,
        SendResult,
        TaskDone,
        name_of,
    )
    from nurture.entries import AnyEntry, Delivery, EpochBegan
    from nurture.facts import Facts
    from nurture.records import Record
    from nurture.sheet import wants_facts
    from nurture.state import ENGINE, State
    from nurture.visit import TOLERANCE
    from nurture.walk import Advanced, FactsRead, Input, advance, next_seq_missing
    from workflows import visible
    from workflows.people import People
    from workflows.shelf import BOOK
    from workflows.words import fault, summary, told

MOST_EVENTS = 500
"""A history is continued as new beyond this, so that an evicted lead is replayed in milliseconds."""
ONE_TRANSACTION = timedelta(seconds=10)
READ_AGAIN = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=5))
"""Local activities are one short transaction, tried again until the database answers."""
ONE_CALL = timedelta(seconds=9)
ACT_AGAIN = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
"""Activities are tried for ever; activities/ decides what is not worth another try."""
LONGEST_TIMER = timedelta(days=365)
"""A timer is only a hint, so one for a far deadline may ring early: it is set again."""
Answer = TypeVar("Answer")


@workflow.defn(name=protocol.LEAD_WORKFLOW)
class LeadWorkflow(People):
    """The single writer of one lead's position."""

    @workflow.init
    def __init__(self, start: protocol.LeadStart) -> None:
        super().__init__()
        self._lead = start.lead
        self._epoch: Epoch = start.epoch
        self._engine = start.engine
        self._state = self._of_this_engine(start.state or State(lead=start.lead, engine=start.engine))
        self._astray = start.state is None  # what this run knows of the lead is not what the store knows
        self._inbox: dict[int, AnyEntry] = {}
        self._results: list[SendResult | TaskDone] = []
        self._unwritten: list[Record] = []
        self._running: dict[str, asyncio.Task[None]] = {}
        self._timer: asyncio.Task[None] | None = None
        self._timer_for: tuple[datetime, Epoch] | None = None
        self._rung = False
        self._shown: visible.Shown = {}
        self._latest = self._read_at = start.epoch.nurture
        self._sheet: Facts | None = None

    @workflow.run
    async def run(self, start: protocol.LeadStart) -> None:  # noqa: ARG002 - read in __init__, before any signal
        """Advance whenever something came in or a deadline is due, until the lead has been idle for long."""
        await self._read()
        while True:
            if await self._advance():
                continue
            if self._state.erased and not self._running:
                await workflow.wait_condition(workflow.all_handlers_finished)
                return
            bell = alarm(BOOK, self._state)
            if bell is not None and bell.retire and self._now() >= bell.at and await self._retired():
                await workflow.wait_condition(workflow.all_handlers_finished)
                return
            if self._should_continue_as_new():
                workflow.continue_as_new(
                    protocol.LeadStart(lead=self._lead, epoch=self._epoch, state=self._state, engine=ENGINE),
                    # what is unset must not be carried along: the next run could not read it
                    search_attributes=visible.attributes(position(BOOK, self._state)),
                )
            self._show()
            self._set_timer()
            await workflow.wait_condition(self._something_came)

    # --- what comes in ----------------------------------------------------------------------------------------------

    @workflow.signal(name=protocol.DELIVER, description="Entries of this lead, numbered without gaps")
    def deliver(self, delivery: Delivery) -> None:
        """Keep what is new; everything else is the loop's."""
        self._keep(delivery.entries)

    def _keep(self, entries: tuple[AnyEntry, ...]) -> None:
        for entry in entries:
            if entry.seq > self._state.seq:
                self._inbox[entry.seq] = entry
                if isinstance(entry, EpochBegan) and entry.epoch.real >= self._epoch.real:
                    self._epoch = entry.epoch

    # --- the loop's parts -------------------------------------------------------------------------------------------

    def _now(self) -> datetime:
        self._latest = max(self._latest, self._epoch.nurture_at(workflow.now()))
        return self._latest

    def _something_came(self) -> bool:
        return bool(self._inbox or self._results or self._requests) or self._rung or self._astray

    async def _read(self) -> None:
        """Read the stored entries above what was applied, and go on from the stored state where it is further."""
        self._read_at = self._now()
        asked = protocol.ReadLead(lead=self._lead, seq=self._state.seq, record=self._state.records, anyway=self._astray)
        self._astray = False  # before the answer: an order that is refused meanwhile asks for another reading
        read = await _locally(protocol.READ_LEAD, asked, protocol.LeadRead, "read stored entries")
        self._sheet = read.facts or self._sheet
        if read.state is not None:
            self._go_on_from(read.state, read.epoch or self._epoch)
        self._keep(read.entries)
        while read.more:  # as an activity of the server: all markers of one task together may be no larger, either
            asked = protocol.ReadLead(lead=self._lead, seq=read.entries[-1].seq, record=self._state.records)
            read = await workflow.execute_activity(
                protocol.READ_LEAD,
                asked,
                result_type=protocol.LeadRead,
                start_to_close_timeout=ONE_TRANSACTION,
                retry_policy=READ_AGAIN,
                summary="read more stored entries",
            )
            self._keep(read.entries)
            if read.state is not None:  # somebody wrote meanwhile: begin again from there
                self._astray = True
                return

    def _of_this_engine(self, state: State) -> State:
        """A state that an older run has left walks on with the engine of this one."""
        state.engine = max(state.engine, self._engine)
        return state

    def _go_on_from(self, state: State, epoch: Epoch) -> None:
        """Take the stored state, and ask again for what it asked for: a repeat is answered as the first time."""
        self._state, self._unwritten, self._sheet = self._of_this_engine(state), [], None
        self._inbox = {seq: entry for seq, entry in self._inbox.items() if seq > state.seq}
        if epoch.real > self._epoch.real:
            self._epoch = epoch
        for command in state.unanswered:
            if name_of(command) not in self._running:
                self._begin(protocol.Order(command=command))

    async def _advance(self) -> bool:
        """Let the core decide on everything that came in; False if there was nothing to decide."""
        self._rung = False
        entries, now, due = await self._everything()
        results, requests, sheet = list(self._results), list(self._requests), self._sheet
        if not (entries or results or requests or due):
            return False
        inputs: list[Input] = [*results, *entries, *requests]
        wanted = wants_facts(BOOK, self._state, inputs)
        if wanted is not None:
            sheet = await self._facts(wanted)
        if sheet is not None:
            inputs.insert(0, FactsRead(sheet))
        done = advance(BOOK, self._state, inputs, now, tolerance=self._epoch.tolerance(TOLERANCE))
        if not await self._write(done, now=bool(requests) or not done.commands):
            self._astray = True  # decide again, from the state that the store has
            return True
        self._state, self._sheet = done.state, None
        del self._results[: len(results)]
        del self._requests[: len(requests)]
        self._inbox = {seq: entry for seq, entry in self._inbox.items() if seq > self._state.seq}
        for command in done.commands:
            self._begin(protocol.Order(command=command, records=tuple(self._unwritten)))
        self._answered += len(requests)
        return done.record is not None or bool(done.commands or entries or results or requests)

    async def _everything(self) -> tuple[list[AnyEntry], datetime, bool]:
        """The entries to apply, the instant to judge at, and whether a deadline is due at it.

        The store is read at a gap, and before a deadline is decided: an event acknowledged in time must not lose to a
        timer. The instant is then that of the reading, since what came after it is not known here.
        """
        for _ in range(3):
            bell, now = alarm_at(self._state), self._now()
            due = bell is not None and now >= bell
            unread = bell is not None and due and self._read_at < bell
            if not (unread or self._astray or next_seq_missing(self._state, self._inbox.values())):
                entries = [self._inbox[seq] for seq in sorted(self._inbox)]
                return entries, max([self._read_at if due else now, *(entry.at for entry in entries)]), due
            await self._read()
        raise RuntimeError(f"the stored entries of {self._lead} above {self._state.seq} have a gap")

    async def _facts(self, wanted: dict[str, int]) -> Facts:
        asked = protocol.GatherFacts(lead=self._lead, seq=self._state.seq, keeps=wanted)
        return (await _locally(protocol.GATHER_FACTS, asked, protocol.FactsGathered, "gather facts anew")).facts

    async def _write(self, done: Advanced, *, now: bool) -> bool:
        """Write what changed, or let it ride in the activities that were commanded; False where the store knows more.

        What rides is carried by whatever is written next, too, until one of them is answered: so records arrive in
        order.
        """
        record = done.record
        if record is None:
            return True
        records = (*self._unwritten, record)
        if not (now or record.cancelled):
            self._unwritten = list(records)
            return True
        asked = protocol.WriteRecords(lead=self._lead, records=records)
        written = await _locally(protocol.WRITE_RECORD, asked, protocol.Written, told(record))
        if written.behind:
            return False
        self._confirm(records)
        self._drop(record, written)
        return True

    def _confirm(self, records: tuple[Record, ...]) -> None:
        """These records are written, by whichever way."""
        if records:
            self._unwritten = [each for each in self._unwritten if each.number > records[-1].number]

    def _begin(self, order: protocol.Order) -> None:
        name = name_of(order.command)
        self._running[name] = asyncio.create_task(self._do(name, order))

    def _drop(self, record: Record, written: protocol.Written) -> None:
        """Stop waiting for sends that will not begin; one that has begun still gives its answer."""
        for cancelled in record.cancelled:
            task = self._running.get(f"send_mail/{cancelled.key}/{cancelled.issue}")
            if task is not None and written.cancelled.get(cancelled.key) in ("cancelled", "held"):
                task.cancel()
                self._results.append(
                    SendResult(key=cancelled.key, issue=cancelled.issue, outcome="cancelled", at=self._now())
                )

    async def _do(self, name: str, order: protocol.Order) -> None:
        """Run one command as an activity; its answer goes to the loop, a fault of this lead blocks its step."""
        command = order.command
        try:
            result = await self._execute(order)
        except ActivityError as error:
            if is_cancelled_exception(error):
                return
            if isinstance(error.cause, ApplicationError) and error.cause.type == protocol.SUPERSEDED:
                self._astray = True
                return
            result = fault(command, str(error.cause or error), self._now())
        else:
            self._confirm(order.records)
        finally:
            self._running.pop(name, None)
        self._results.append(result)
        made = isinstance(result, TaskDone) and result.error is None and not result.too_late
        if isinstance(command, MakeHandoff) and made:
            await self._start_handoff(command)

    async def _execute(self, order: protocol.Order) -> SendResult | TaskDone:
        if isinstance(order.command, SendMail):
            return await self._send(order)
        result: TaskDone = await workflow.execute_activity(
            order.command.command,
            order,
            result_type=TaskDone,
            start_to_close_timeout=ONE_CALL,
            retry_policy=ACT_AGAIN,
            summary=summary(order.command),
        )
        return result

    async def _send(self, order: protocol.Order) -> SendResult:
        """Hand a mail out at the rate that mail has; one that is stopped waits beside it, however often it is tried."""
        order = order.model_copy(update={"aside": True})
        while True:
            try:
                sent: SendResult = await workflow.execute_activity(
                    protocol.SEND_MAIL,
                    order,
                    task_queue=protocol.mail_queue(workflow.info().task_queue),
                    result_type=SendResult,
                    start_to_close_timeout=ONE_CALL,
                    retry_policy=ACT_AGAIN,
                    summary=summary(order.command),
                )
            except ActivityError as error:
                if not isinstance(error.cause, ApplicationError) or error.cause.type != protocol.STOPPED:
                    raise
                why = error.cause.message
            else:
                return sent
            await workflow.execute_activity(
                protocol.AWAIT_MAIL,
                order.model_copy(update={"records": ()}),
                task_queue=protocol.aside_queue(workflow.info().task_queue),
                start_to_close_timeout=ONE_CALL,
                retry_policy=ACT_AGAIN,
                summary=f"stopped: {why}"[:200],
            )

    async def _start_handoff(self, command: MakeHandoff) -> None:
        """The task lives on in a workflow of its own, whatever becomes of the lead's."""
        with contextlib.suppress(WorkflowAlreadyStartedError):  # another reason has joined a task that lives
            await workflow.start_child_workflow(
                protocol.HANDOFF_WORKFLOW,
                protocol.HandoffStart(handoff=command.handoff, lead=command.lead),
                id=protocol.handoff_workflow_id(command.handoff),
                parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                static_summary=f"task for {command.queue}",
            )

    async def _retired(self) -> bool:
        """Leave the state behind, unless something arrived meanwhile."""
        asked = protocol.RetireLead(lead=self._lead, state=self._state)
        retired = await _locally(protocol.RETIRE_LEAD, asked, bool, "idle for 30 days: keep the state")
        if not retired:
            await self._read()
        return retired and not self._something_came()

    def _should_continue_as_new(self) -> bool:
        info = workflow.info()
        long = info.is_continue_as_new_suggested() or info.get_current_history_length() > MOST_EVENTS
        return long and not self._running and not self._requests and workflow.all_handlers_finished()

    def _set_timer(self) -> None:
        """One timer for the next deadline; it is only a hint, `now` decides."""
        bell = alarm(BOOK, self._state)
        wanted = (bell.at, self._epoch) if bell is not None else None
        if wanted == self._timer_for and not (self._timer is not None and self._timer.done()):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_for = None, wanted
        if bell is not None:
            wait = max(self._epoch.real_at(bell.at) - workflow.now(), timedelta(milliseconds=1))
            self._timer = asyncio.create_task(self._ring(min(wait, LONGEST_TIMER), bell.summary))

    async def _ring(self, wait: timedelta, summary: str) -> None:
        await workflow.sleep(wait, summary=summary)
        self._rung = True

    def _show(self) -> None:
        """Tell ops where the lead stands; a send on its way is not worth an event."""
        now = position(BOOK, self._state)
        workflow.set_current_details(visible.details(now, self._state.seq, self._state.records))
        deferred = now.deadline is not None and now.deadline - self._now() > self._epoch.tolerance(timedelta(minutes=1))
        if now.status == "sending" and not deferred:
            return
        wanted = visible.shown(now)
        updates = visible.changes(self._shown, wanted)
        if updates:
            workflow.upsert_search_attributes(updates)
            self._shown = wanted


async def _locally(name: str, asked: object, answer: type[Answer], summary: str) -> Answer:
    """One short transaction in this very worker: a marker in the history, no trip through the server."""
    found: Answer = await workflow.execute_local_activity(
        name,
        asked,
        result_type=answer,
        start_to_close_timeout=ONE_TRANSACTION,
        retry_policy=READ_AGAIN,
        summary=summary,
    )
    return found
