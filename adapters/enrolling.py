"""Enrols many leads at once, a few at a time so that nobody else waits long; refuses to decide about a single one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from sqlalchemy import Engine

from adapters.database import confirmations, enrolments
from adapters.database.engine import reading, writing
from adapters.database.members import fitting
from adapters.database.sequence import lock_many
from nurture.definitions import Definitions
from nurture.errors import UnknownName
from nurture.membership import Membership

_AT_ONCE = 100


@dataclass(slots=True)
class Enrolment:
    """What became of each lead, by id, in the order asked for; `refused` holds pairs of lead and reason."""

    enrolled: list[str] = field(default_factory=list)
    queued: list[str] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)


def enrol(
    engine: Engine,
    definitions: Definitions,
    scenario: str,
    wanted: Sequence[str],
    *,
    now: Callable[[], datetime],
    progress: Callable[[int], None] = lambda _: None,
    awaits: bool = False,
) -> Enrolment:
    """Decide about every lead named (once each); `progress` is told how many are decided.

    `awaits`: a lead whose consent is asked for by mail begins with its confirmation, and is not decided about now.
    Raises UnknownName for a scenario that the definitions do not have.
    """
    if scenario not in definitions.scenarios:
        raise UnknownName("scenario", scenario, definitions.scenarios)
    made, done = Enrolment(), 0
    for few in _few(dict.fromkeys(wanted)):
        with writing(engine) as connection:
            at = now()
            lock_many(connection, few)
            decisions = [
                enrolments.decide(
                    connection, lead, definitions.scenarios[scenario], deployment=definitions.number, now=at
                )
                for lead in few
                if not (awaits and confirmations.waits(connection, lead, definitions.scenarios[scenario], at))
            ]
        for decision in decisions:
            match decision.state:
                case "enrolled":
                    made.enrolled.append(decision.lead)
                case "queued":
                    made.queued.append(decision.lead)
                case "refused":
                    made.refused.append((decision.lead, str(decision.reason)))
        done += len(few)
        progress(done)
    return made


def members(engine: Engine, definitions: Definitions, segment: str, now: datetime) -> list[str]:
    """The ids of the leads that fit a segment at `now`, in order.

    Raises UnknownName for a segment that does not exist.
    """
    if segment not in definitions.segments:
        raise UnknownName("segment", segment, definitions.segments)
    asked = Membership.of(definitions.segments[segment].when, definitions)
    with reading(engine) as connection:
        return fitting(connection, asked, now)


def _few(ids: Iterable[str]) -> Iterable[list[str]]:
    left = iter(ids)
    while batch := list(islice(left, _AT_ONCE)):
        yield batch
