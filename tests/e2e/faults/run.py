"""Runs one group of people through the shipped scenario while something is wrong; refuses to judge what came out."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Self

import httpx
from sqlalchemy import Engine

from tests.e2e.faults.audience import Audience
from tests.e2e.faults.outcome import Outcome, outcome_of, quiet
from tests.e2e.faults.people import People
from tests.e2e.whole import Whole, patiently

SPEED = 7200
"""A day in twelve real seconds: the shortest deadline, three days, is 36 seconds, and recovery may take ten of them."""
VICTIMS = ("worker", "web", "relay", "temporal")


@dataclass(frozen=True)
class Trouble:
    """What is wrong during a run: faults of the sink, and every so many seconds one process killed, by turns.

    `kills`: so many in all; None: until the run is over. `speed`: of nurture's clock, slower where things take longer
    to recover: all the time in which a process is away passes on it, and deadlines do not wait.
    """

    name: str
    says: str
    faults: Sequence[Mapping[str, Any]] = ()
    kill_every: float | None = None
    kills: int | None = None
    speed: int = SPEED


@dataclass
class Told:
    """What happened besides: how often each fault struck, and each process was killed."""

    struck: dict[str, int]
    killed: int
    seconds: float


class Killer:
    """A thread that kills one process after the other with SIGKILL."""

    def __init__(self, nurture: Whole, every: float, most: int | None) -> None:
        self.killed = 0
        self._victims = itertools.islice(itertools.cycle(VICTIMS), most)
        self._nurture, self._every = nurture, every
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        for victim in self._victims:
            if self._stopping.wait(self._every):
                return
            while not self._kill(victim):  # it is being started again
                if self._stopping.wait(0.5):
                    return

    def _kill(self, victim: str) -> bool:
        try:
            self._nurture.kill(victim)
        except OSError:
            return False
        self.killed += 1
        return True


def run(
    nurture: Whole,
    engine: Engine,
    people: People,
    trouble: Trouble,
    *,
    enter_within: float,
    patience: float,
    say: Callable[[str], None] = lambda _: None,
) -> tuple[Outcome, Told]:
    """Let a group enter within so many real seconds, and wait until all have ended; how they fared.

    Raises AssertionError where they have not within `patience` seconds.
    """
    began = time.monotonic()
    for fault in trouble.faults:
        answer = nurture.post("/api/sink/faults", dict(fault))
        assert answer.status_code == 201, answer.text
    audience = Audience(nurture, people)
    audience.start()
    try:
        if trouble.kill_every is None:
            _walk(nurture, people, audience, enter_within, patience, say)
            killed = 0
        else:
            with Killer(nurture, trouble.kill_every, trouble.kills) as killer:
                _walk(nurture, people, audience, enter_within, patience, say)
            killed = killer.killed
        struck = {
            each["fault"]: each["struck"] for each in patiently(lambda: [nurture.get("/api/sink/faults")])[0]["items"]
        }
        patiently(lambda: _off(nurture))
        patiently(lambda: quiet(engine) and audience.idle, seconds=90)
    finally:
        audience.stop()
    if audience.fault is not None:
        raise audience.fault
    outcome = outcome_of(nurture, engine, people, audience.taken, audience.tried)
    return outcome, Told(struck, killed, time.monotonic() - began)


def _off(nurture: Whole) -> bool:
    answer = httpx.delete(f"{nurture.web}/api/sink/faults", headers=nurture._headers, timeout=15, trust_env=False)
    return answer.is_success


def _walk(
    nurture: Whole, people: People, audience: Audience, enter_within: float, patience: float, say: Callable[[str], None]
) -> None:
    start = time.monotonic()
    for number in range(people.count):
        time.sleep(max(0.0, start + enter_within * number / people.count - time.monotonic()))
        patiently(lambda number=number: nurture.post("/api/leads", people.as_lead(number)).is_success)  # type: ignore[misc]
    waiting, told = {people.lead(number) for number in range(people.count)}, time.monotonic()
    while waiting:
        if audience.fault is not None:
            raise audience.fault
        if time.monotonic() - start > patience:
            some = min(waiting)
            raise AssertionError(f"{len(waiting)} leads have not ended: {nurture.get(f'/api/leads/{some}')}")
        with suppress(httpx.HTTPError):
            waiting -= ended(nurture, waiting)
        if time.monotonic() - told > 30:
            told = time.monotonic()
            say(f"{len(waiting)} of {people.count} are on their way")
        time.sleep(1)


def ended(nurture: Whole, names: set[str]) -> set[str]:
    """Who of these has been through the scenario, and stands with nobody."""
    found = set()
    for each in nurture.all("/api/leads?status=idle&limit=200"):
        if each["id"] in names and each["seq"] > 1:
            lines = nurture.all(f"/api/leads/{each['id']}/timeline?limit=200")
            if any(line["what"] == "finished" for line in lines):
                found.add(each["id"])
    return found
