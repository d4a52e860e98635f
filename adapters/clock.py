"""Keeps nurture's clock, one for all processes of a home; refuses to know what anybody does at which time.

Accelerated, the clock is one row: an anchor, a speed, and a lease that whoever is alive renews. What a clock shows
never passes the end of the lease, so a clock nobody keeps stands still, and what comes after it begins no earlier.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import structlog
from sqlalchemy import Connection, Engine, Row, and_, func, insert, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.engine import reading, writing
from adapters.database.locks import claim
from adapters.database.schema import clock, deployments, enrolments, entries, events, leads, sends, timeline
from adapters.database.sequence import append_to_all
from nurture.clock import Epoch
from nurture.entries import EpochBegan
from nurture.errors import NurtureError

LEASE = timedelta(seconds=2)
RENEWAL = timedelta(milliseconds=500)
_STORED_TIMES = (
    entries.c.received_at, entries.c.at, events.c.received_at, timeline.c.at, leads.c.created_at,
    enrolments.c.decided_at, sends.c.attempted_at, sends.c.accepted_at, deployments.c.deployed_at,
)  # fmt: skip

_log = structlog.get_logger(__name__)


def real_time() -> datetime:
    """The real instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Opened:
    """The clock of this run. `began_anew`: running leads must hear of the epoch (`append_epochs`)."""

    epoch: Epoch
    began_anew: bool


def open_clock(engine: Engine, speed: int, real_now: datetime, *, anew: bool = False) -> Opened:
    """Go on with the clock of a run that is still alive, else begin an epoch where the former one stopped.

    `anew` begins one in any case (Temporal was away). With speed 1 nurture's time is real time. Raises NurtureError
    when stored times lie in the future of such a clock.
    """
    with writing(engine) as conn:
        claim(conn, ["the clock"])
        row = _read(conn)
        if speed == 1:
            return _open_real(conn, row, real_now)
        alive = row is not None and row.speed == speed and row.lease_end_real >= real_now
        if row is not None and alive and not anew:
            _renew(conn, real_now)
            return Opened(_epoch(row), began_anew=False)
        epoch = Epoch(real=real_now, nurture=_beginning(conn, row, real_now), speed=speed)
        _write(conn, row, epoch, real_now + LEASE)
        return Opened(epoch, began_anew=True)


def renew(engine: Engine, real_now: datetime) -> Epoch | None:
    """Keep the lease 2 s ahead, unless another process has just done so; returns the epoch (None: none was opened)."""
    with reading(engine) as conn:
        row = _read(conn)
    if row is None:
        return None
    if row.lease_end_real < real_now + LEASE - RENEWAL:
        with writing(engine) as conn:
            _renew(conn, real_now)
    return _epoch(row)


def append_epochs(conn: Connection, epoch: Epoch) -> int:
    """Tell every lead whose workflow lives that nurture's clock goes on from another anchor; returns how many.

    One with something still to be told may have been started by a relay that died before it could say so.
    """
    lives = or_(leads.c.pending, and_(leads.c.started, leads.c.retired.is_(False)))
    living = conn.execute(select(leads.c.id).where(lives).order_by(leads.c.id)).scalars()
    at = epoch.nurture
    return append_to_all(conn, list(living), EpochBegan(seq=0, at=at, received_at=at, deployment=0, epoch=epoch))


class Clock:
    """Nurture's clock as one process sees it.

    Made alone it follows what others keep; between `start` and `stop` (or as a context) it also keeps it going.
    Where no accelerated clock was opened, it shows real time. Safe to use from many threads.
    """

    def __init__(self, engine: Engine, *, real_now: Callable[[], datetime] = real_time) -> None:
        self._engine = engine
        self._real_now = real_now
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None
        self._epoch: Epoch | None = None
        self._lease_end: datetime | None = None
        self._looked: datetime | None = None
        self._shown = datetime.min.replace(tzinfo=UTC)
        self._look(real_now())

    @property
    def epoch(self) -> Epoch:
        """The stretch of the clock that runs now. At speed 1 both anchors are the same."""
        self._follow()
        epoch = self._epoch
        if epoch is None:
            now = self._real_now()
            return Epoch(real=now, nurture=now, speed=1)
        return epoch

    def now(self) -> datetime:
        """What the clock shows; never earlier than before, never beyond the end of the lease."""
        self._follow()
        real = self._real_now()
        with self._lock:
            if self._epoch is None or self._lease_end is None:
                shows = real
            else:
                shows = self._epoch.nurture_at(min(real, self._lease_end))
            self._shown = max(self._shown, shows)
            return self._shown

    def start(self) -> None:
        """Renew the lease from now on, in a thread of its own."""
        if self._thread is None:
            self._stopped.clear()
            self._keep()
            self._thread = threading.Thread(target=self._run, name="nurture-clock", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Renew no more."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stopped.wait(RENEWAL.total_seconds()):
            try:
                self._keep()
            except SQLAlchemyError as error:
                # the database is away for a moment: the clock stands still at the end of its lease until it is back
                _log.warning("clock_not_renewed", error=type(error).__name__)

    def _keep(self) -> None:
        if self._epoch is not None and self._epoch.speed != 1:
            renew(self._engine, self._real_now())
        self._look(self._real_now())

    def _follow(self) -> None:
        """Without a thread, look again now and then what others keep."""
        real = self._real_now()
        if self._thread is None and (self._looked is None or abs(real - self._looked) >= RENEWAL):
            self._look(real)

    def _look(self, real: datetime) -> None:
        with reading(self._engine) as conn:
            row = _read(conn)
        with self._lock:
            self._looked = real
            if row is None or row.speed == 1:
                self._epoch = self._lease_end = None
            else:
                self._epoch, self._lease_end = _epoch(row), row.lease_end_real


def _read(conn: Connection) -> Row[Any] | None:
    return conn.execute(select(clock).where(clock.c.id == 1)).first()


def _epoch(row: Row[Any]) -> Epoch:
    return Epoch(real=row.real, nurture=row.nurture, speed=row.speed)


def _write(conn: Connection, row: Row[Any] | None, epoch: Epoch, lease_end: datetime) -> None:
    values = {"real": epoch.real, "nurture": epoch.nurture, "speed": epoch.speed, "lease_end_real": lease_end}
    if row is None:
        conn.execute(insert(clock).values(id=1, **values))
    else:
        conn.execute(update(clock).where(clock.c.id == 1).values(values))


def _renew(conn: Connection, real_now: datetime) -> None:
    end = real_now + LEASE
    conn.execute(update(clock).where(clock.c.id == 1, clock.c.lease_end_real < end).values(lease_end_real=end))


def _open_real(conn: Connection, row: Row[Any] | None, real_now: datetime) -> Opened:
    epoch = Epoch(real=real_now, nurture=real_now, speed=1)
    if row is None or row.speed == 1:
        _write(conn, row, epoch, real_now)
        return Opened(epoch, began_anew=False)
    shown = _beginning(conn, row, real_now)
    if shown > real_now:
        raise NurtureError(
            f"this home has lived on an accelerated clock until {shown:%Y-%m-%d %H:%M} UTC, which is still to come",
            where="NURTURE_SPEED=1",
            do=f"set NURTURE_HOME to another folder, or NURTURE_SPEED={row.speed} to go on with this one",
        )
    _write(conn, row, epoch, real_now)
    return Opened(epoch, began_anew=True)


def _beginning(conn: Connection, row: Row[Any] | None, real_now: datetime) -> datetime:
    """Where a new epoch begins: after everything the former clock can have shown or stored."""
    stored = [conn.execute(select(func.max(column))).scalar() for column in _STORED_TIMES]
    shown = real_now if row is None or row.speed == 1 else _epoch(row).nurture_at(row.lease_end_real)
    latest: datetime = max([shown, *(at for at in stored if at is not None)])
    return latest
