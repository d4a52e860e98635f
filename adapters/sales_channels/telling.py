"""Tells sales of tasks and messages through the channels of sales.yaml, each by itself; refuses to know any of them.

A channel that is down is tried again for as long as it is, and nothing is said twice on the others meanwhile. Who
calls it comes again when it says so: nothing in here waits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Connection, Engine

from adapters.clock import Clock
from adapters.database import handoffs, notices, tellings
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.notices import Asked
from adapters.database.tellings import Try, Unit
from adapters.notification import Message
from adapters.sales_channels.chosen import forget
from adapters.sales_channels.port import REDACTED_FOR, NeverTaken, Notice, NotTaken, SalesChannel
from nurture.definitions import Channel, Definitions

log = structlog.get_logger(__name__)

FIRST = timedelta(seconds=1)
LONGEST = timedelta(minutes=1)
"""Between two attempts the time doubles, up to this, unless a channel says when it wants to be asked."""
FOR_A_PERSON = timedelta(minutes=5)
"""Where somebody has to mend something, it is looked no oftener whether it was."""
FORGOTTEN = "the person is forgotten"


@dataclass(frozen=True, slots=True)
class Left:
    """What is still to be told: when to come again, in real time, and why nobody heard it yet, by channel."""

    wait: timedelta
    why: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Teller:
    """All channels of one process; safe to use from many threads."""

    engine: Engine
    clock: Clock
    store: DeploymentStore
    channels: Mapping[Channel, SalesChannel]
    public_url: str
    real_now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def task(self, handoff: str) -> Left | None:
        """Tell of a task what is not told yet; None once every channel has, or while it has no rep who could hear.

        Another reason that joins it is no news.

        Raises UnknownHandoff.
        """
        with reading(self.engine) as conn:
            if handoffs.was_notified(conn, handoff):
                return None
        asked, left = self._tell(lambda conn, definitions: notices.of_task(conn, handoff, definitions))
        if left is None and not asked.waits:
            with writing(self.engine) as conn:
                handoffs.notified(conn, handoff, self.real_now())
        return left

    def message(self, message: Message, at: datetime) -> Left | None:
        """Pass on what a `notify` step said at an instant; None once every channel has."""
        return self._tell(lambda conn, definitions: notices.of_message(conn, message, definitions, at))[1]

    def _tell(self, ask: Callable[[Connection, Definitions], Asked]) -> tuple[Asked, Left | None]:
        definitions = self.store.current()
        with writing(self.engine) as conn:
            asked = ask(conn, definitions)
            now, real_now = self.clock.now(), self.real_now()
            if asked.forgotten:
                tellings.drop(conn, asked.key, asked.lead, FORGOTTEN, now=now)
                return asked, None
            if asked.waits:
                return asked, None
            wanted = notices.units(asked, definitions, self._otherwise())
            tellings.plan(conn, asked.key, asked.lead, wanted, now=now, real_now=real_now)
            for unit in wanted:
                if unit.rep in asked.absent:
                    tellings.give_up(conn, asked.key, asked.lead, unit, f"{unit.rep} is not active any more", now=now)
            tries = tellings.claim(conn, asked.key, real_now)
        if not wanted:
            log.info("sales_notified", notice=asked.key, lead=asked.lead, channel=None)
        self._deliver_all(asked, definitions, tries)
        with reading(self.engine) as conn:
            again, why = tellings.due(conn, asked.key), tellings.errors(conn, asked.key)
        return asked, Left(max(again - self.real_now(), timedelta(0)), why) if again is not None else None

    def _otherwise(self) -> Sequence[Channel]:
        """Where a queue does not say: as ever, the webhook, where there is one."""
        return ("webhook",) if self.channels["webhook"].ready else ()

    def _deliver_all(self, asked: Asked, definitions: Definitions, tries: Sequence[Try]) -> None:
        if len(tries) < 2:
            for tried in tries:
                self._deliver(asked, definitions, tried)
            return
        with ThreadPoolExecutor(len(tries), thread_name_prefix="sales") as threads:
            for done in [threads.submit(self._deliver, asked, definitions, tried) for tried in tries]:
                done.result()

    def _deliver(self, asked: Asked, definitions: Definitions, tried: Try) -> None:
        unit = tried.unit
        try:
            self._channel(unit).deliver(self._notice(asked, definitions, tried))
        except NeverTaken as error:
            with writing(self.engine) as conn:
                tellings.give_up(conn, asked.key, asked.lead, unit, error.why, now=self.clock.now())
            log.warning("sales_never_notified", notice=asked.key, lead=asked.lead, channel=unit.channel, why=error.why)
            return
        except NotTaken as error:
            self._failed(asked, tried, error)
            return
        with reading(self.engine) as conn:
            forgotten = notices.forgotten(conn, asked.lead)
        if forgotten:  # meanwhile: a file may have the person once more
            forget(self.channels, [asked.lead])
        log.info("sales_notified", notice=asked.key, lead=asked.lead, channel=unit.channel, attempt=tried.attempt)
        with writing(self.engine) as conn:
            tellings.told(conn, asked.key, asked.lead, tried, now=self.clock.now(), real_now=self.real_now())

    def _channel(self, unit: Unit) -> SalesChannel:
        return next(channel for name, channel in self.channels.items() if name == unit.channel)

    def _notice(self, asked: Asked, definitions: Definitions, tried: Try) -> Notice:
        with reading(self.engine) as conn:
            made = notices.notice(
                conn, asked, definitions, tried.unit, public_url=self.public_url, again=tried.attempt > 1
            )
        open_ = definitions.sales is not None and definitions.sales.personal_data
        return made.anonymous() if tried.unit.channel in REDACTED_FOR and not open_ else made

    def _failed(self, asked: Asked, tried: Try, error: NotTaken) -> None:
        wait = error.retry_after or min(FIRST * 2 ** min(tried.attempt - 1, 10), LONGEST)
        if error.needs_person:
            wait = max(wait, min(FIRST * 4 ** min(tried.attempt, 10), FOR_A_PERSON))
        with writing(self.engine) as conn:
            tellings.failed(conn, asked.key, asked.lead, tried, error.why, self.real_now() + wait, now=self.clock.now())
        tell = log.error if error.needs_person else log.warning
        tell(
            "sales_not_notified", notice=asked.key, lead=asked.lead, channel=tried.unit.channel,
            attempt=tried.attempt, why=error.why, again_in=wait.total_seconds(),
        )  # fmt: skip
