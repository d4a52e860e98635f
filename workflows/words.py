"""What a lead's history says in words, for people who read it in the Temporal UI; refuses to decide anything."""

from __future__ import annotations

from datetime import datetime

from nurture.commands import AnyCommand, EnrollLead, MakeHandoff, NotifyPerson, SendMail, SendResult, TaskDone
from nurture.records import Record


def told(record: Record) -> str:
    """What the record says, so that the history reads like the timeline."""
    lines = [f"{line.what} {line.subject}" if line.subject else line.what for line in record.lines]
    where = record.position
    return ", ".join(lines)[:200] or (f"{where.status} at {where.step}" if where.step else where.status)


def summary(command: AnyCommand) -> str:
    """What an activity is about."""
    match command:
        case SendMail():
            return f"mail {command.template}: {command.step}, visit {command.visit}"[:200]
        case MakeHandoff():
            return f"task for {command.queue}: {command.step or 'hot'}"[:200]
        case NotifyPerson():
            return f"tell {command.to}"[:200]
        case EnrollLead():
            return f"enrol in {command.scenario}"[:200]


def fault(command: AnyCommand, why: str, at: datetime) -> SendResult | TaskDone:
    """What a command that cannot be carried out means for the lead: its step is blocked, with the reason."""
    match command:
        case SendMail():
            return SendResult(key=command.key, issue=command.issue, outcome="blocked", at=at, reason=why)
        case MakeHandoff():
            return TaskDone(key=command.handoff, at=at, error=why)
        case _:
            return TaskDone(key=command.key, at=at, error=why)
