"""Nurture's clock: real or accelerated, one for all processes of a home."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine

from adapters.clock import Clock, append_epochs, open_clock, real_time, renew
from adapters.database import leads, numbering
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import writing
from adapters.database.leads import LeadUpsert
from nurture.entries import EpochBegan, Ticked
from nurture.errors import NurtureError

REAL = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
FAST = 43_200


class Hand:
    """A real clock that a test moves by hand."""

    def __init__(self) -> None:
        self.at = REAL

    def __call__(self) -> datetime:
        return self.at

    def move(self, **span: float) -> None:
        self.at += timedelta(**span)


def _store_time(store: DeploymentStore, at: datetime) -> None:
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": "a"}), store=store, now=at)


def test_at_speed_one_the_clock_shows_real_time(engine: Engine) -> None:
    """Nothing begins anew, and nobody keeps a lease."""
    opened = open_clock(engine, 1, REAL)
    hand = Hand()
    clock = Clock(engine, real_now=hand)
    hand.move(days=3)
    assert opened.began_anew is False
    assert clock.now() == REAL + timedelta(days=3)
    assert clock.epoch.speed == 1
    assert clock.epoch.nurture_at(REAL) == REAL


def test_a_clock_nobody_opened_shows_real_time(engine: Engine) -> None:
    """A worker may be first."""
    assert Clock(engine, real_now=Hand()).now() == REAL


def test_an_accelerated_clock_shows_a_day_in_two_seconds(engine: Engine) -> None:
    """From the real instant at which it was first opened."""
    hand = Hand()
    opened = open_clock(engine, FAST, REAL)
    clock = Clock(engine, real_now=hand)
    assert (opened.began_anew, clock.now()) == (True, REAL)
    hand.move(seconds=2)
    assert clock.now() == REAL + timedelta(days=1)
    assert clock.epoch == opened.epoch


def test_another_process_goes_on_with_the_clock_of_a_run_that_is_alive(engine: Engine) -> None:
    """As long as somebody renews the lease."""
    first = open_clock(engine, FAST, REAL)
    for second in range(1, 10):
        renew(engine, REAL + timedelta(seconds=second))
    second_one = open_clock(engine, FAST, REAL + timedelta(seconds=10))
    assert second_one.began_anew is False
    assert second_one.epoch == first.epoch


def test_after_all_processes_died_the_clock_goes_on_where_its_lease_ended(engine: Engine) -> None:
    """A night in between does not make a hundred years pass; what was shown is never shown again."""
    open_clock(engine, FAST, REAL)
    hand = Hand()
    clock = Clock(engine, real_now=hand)
    hand.move(hours=8)
    stood_still = clock.now()
    opened = open_clock(engine, FAST, hand.at)
    assert stood_still == REAL + timedelta(days=1)
    assert (opened.began_anew, opened.epoch.nurture, opened.epoch.real) == (True, stood_still, hand.at)
    hand.move(seconds=1)
    assert clock.now() == stood_still + timedelta(hours=12)


def test_a_new_epoch_begins_after_everything_that_was_stored(deployed: DeploymentStore) -> None:
    """Also when the lease ended earlier; and whenever it is asked for."""
    open_clock(deployed.engine, FAST, REAL)
    _store_time(deployed, REAL + timedelta(days=40))
    assert open_clock(deployed.engine, FAST, REAL, anew=True).epoch.nurture == REAL + timedelta(days=40)


def test_another_speed_is_a_new_epoch(engine: Engine) -> None:
    """The lease of the former speed is over, whoever holds it."""
    open_clock(engine, FAST, REAL)
    opened = open_clock(engine, 60, REAL)
    assert (opened.began_anew, opened.epoch.speed) == (True, 60)
    assert opened.epoch.nurture >= REAL + timedelta(days=1)


def test_a_home_that_lived_in_the_future_cannot_go_back_to_real_time(deployed: DeploymentStore) -> None:
    """The error names the way out; once real time is there, it can."""
    open_clock(deployed.engine, FAST, REAL)
    _store_time(deployed, REAL + timedelta(days=40))
    with pytest.raises(NurtureError, match="NURTURE_HOME to another folder"):
        open_clock(deployed.engine, 1, REAL + timedelta(days=1))
    opened = open_clock(deployed.engine, 1, REAL + timedelta(days=41))
    assert opened.began_anew is True


def test_time_shown_never_runs_backwards(engine: Engine) -> None:
    """Not even when the machine's own clock is set back."""
    hand = Hand()
    clock = Clock(engine, real_now=hand)
    shown = clock.now()
    hand.move(hours=-1)
    assert clock.now() == shown


def test_a_running_clock_is_kept_by_its_thread(engine: Engine) -> None:
    """Time passes beyond the first lease while the thread runs, and stands still after it stopped."""
    open_clock(engine, FAST, real_time())
    with Clock(engine) as clock:
        begun = clock.now()
        threading.Event().wait(2.6)
        assert clock.now() > begun + timedelta(days=1.1)


def test_living_leads_hear_of_a_new_epoch(deployed: DeploymentStore) -> None:
    """One whose workflow was never started does not."""
    opened = open_clock(deployed.engine, FAST, REAL)
    with writing(deployed.engine) as conn:
        for lead in ("never_started", "living"):
            leads.upsert(conn, LeadUpsert.model_validate({"id": lead}), store=deployed, now=REAL)
        numbering.append(conn, "living", Ticked(seq=0, at=REAL, received_at=REAL, deployment=0))
        numbering.mark_signalled(conn, {"living": 2}, REAL)
        assert append_epochs(conn, opened.epoch) == 1
        (entry,) = numbering.unsignalled(conn, 9)["living"]
    assert isinstance(entry, EpochBegan)
    assert (entry.seq, entry.epoch) == (3, opened.epoch)
