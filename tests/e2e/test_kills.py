"""Whatever is killed when: every lead ends where it would have ended, and got the mails it would have got."""

from __future__ import annotations

import contextlib
import heapq
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.e2e.conftest import write_folder
from tests.e2e.whole import Whole, patiently

LEADS = 100
SPEED = 2400
"""Half a day in 18 real seconds. The shortest distance between a reaction and a deadline is 20 h: 30 real seconds, so
that the 10 s which recovery may take are a third of it."""
REACT_WITHIN = timedelta(hours=2)
SETTLED = timedelta(seconds=5) * SPEED
VICTIMS = ("worker", "web", "relay", "temporal")
BETWEEN_KILLS = 6.0

SCENARIO = """\
scenario: chase
language: en
topic: newsletter
start: first
steps:
  first:
    send: mail_a
    wait: {until: [opened], timeout: 22h}
    then:
      - {when: opened, go: second}
      - {otherwise: again}
  again:
    send: mail_b
    max_visits: 2
    when_exhausted: sleep
    wait: {until: [{opened: any}], timeout: 22h}
    then:
      - {when: {opened: any}, go: second}
      - {otherwise: again}
  second:
    send: mail_c
    max_visits: 3
    when_exhausted: sleep
    wait: {until: [{signed_up: seminar}, clicked], timeout: 22h}
    then:
      - {when: {signed_up: seminar}, go: to_sales}
      - {when: clicked, go: first_again}
      - {otherwise: again}
  first_again:
    send: mail_a
    max_visits: 1
    when_exhausted: sleep
    wait: {until: [opened], timeout: 22h}
    then:
      - {when: opened, go: second}
      - {otherwise: sleep}
  to_sales:
    handoff: {queue: inside}
    then: done
  sleep: {finish: exhausted}
  done: {finish: handed_over}
"""


@dataclass(order=True)
class Deed:
    """Something a reader does at a time on nurture's clock."""

    at: datetime
    number: int
    path: str = field(compare=False)
    body: dict[str, Any] = field(compare=False)


def reaction(seed: int, lead: str, step: str, visit: int) -> str:
    """What this lead does about this mail: a function of the seed and the mail alone."""
    point = Random(f"{seed}/{lead}/{step}/{visit}").random()
    if step == "second":
        return "sign_up" if point < 0.35 else "click" if point < 0.75 else "nothing"
    return "open" if point < 0.65 else "nothing"


@dataclass
class Readers:
    """All the people, reacting relative to the acceptance of their mails, over HTTP."""

    nurture: Whole
    seed: int
    stop: threading.Event = field(default_factory=threading.Event)
    mails: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)
    _deeds: list[Deed] = field(default_factory=list)
    _count: itertools.count[int] = field(default_factory=itertools.count)
    _since: datetime = datetime(2000, 1, 1, tzinfo=UTC)

    def run(self) -> None:
        """React until told to stop; who is away for a moment is asked again."""
        while not self.stop.wait(0.1):
            try:
                now = datetime.fromisoformat(self.nurture.get("/health/ready")["now"])
                self._look()
                while self._deeds and self._deeds[0].at <= now:
                    deed = self._deeds[0]
                    answer = self.nurture.post(deed.path, deed.body)
                    if answer.is_server_error:
                        break
                    assert answer.is_success, answer.text
                    heapq.heappop(self._deeds)
            except (httpx.HTTPError, OSError):
                continue

    def _look(self) -> None:
        # a mail of the same moment may be committed after one that was seen: look back a little
        since = (self._since - SETTLED).isoformat().replace("+", "%2B")
        for mail in self.nurture.all(f"/api/inbox?since={since}&limit=200"):
            if mail["id"] in self._seen:
                continue
            self._seen.add(mail["id"])
            self._since = max(self._since, datetime.fromisoformat(mail["at"]))
            lead, _, _, step, visit = mail["custom_args"]["nurture_send"].rsplit("/", 4)
            self.mails[lead, step, int(visit)] += 1
            self._plan(mail, lead, step, int(visit))

    def _plan(self, mail: dict[str, Any], lead: str, step: str, visit: int) -> None:
        at = datetime.fromisoformat(mail["at"]) + REACT_WITHIN * 0.9
        inbox = f"/api/inbox/{mail['id']}"
        match reaction(self.seed, lead, step, visit):
            case "open":
                self._add(at, f"{inbox}/open", {})
            case "click":
                link = next(link for link in mail["links"] if "mail_" in link)
                self._add(at, f"{inbox}/click", {"url": link})
            case "sign_up":
                event = {"id": f"{lead}/{step}/{visit}", "lead": lead, "type": "signed_up", "subject": "seminar"}
                self._add(at, "/events", {"events": [event]})

    def _add(self, at: datetime, path: str, body: dict[str, Any]) -> None:
        heapq.heappush(self._deeds, Deed(at, next(self._count), path, body))


@dataclass
class Outcome:
    """How a run ended: each lead's last step and word, and every mail by (lead, step, visit)."""

    ends: dict[str, tuple[str, str]]
    mails: Counter[tuple[str, str, int]]
    handoffs: int


def play(nurture: Whole, folder: Path, seed: int, *, kills: bool) -> Outcome:
    """One whole run of all leads."""
    nurture.start()
    assert nurture.run("deploy", str(folder)).returncode == 0
    readers = Readers(nurture, seed)
    reading = threading.Thread(target=readers.run)
    reading.start()
    names = [f"lead_{number:03}" for number in range(LEADS)]
    for name in names:
        consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
        body = {"id": name, "email": f"{name}@example.com", "name": name, "consent": consent}
        assert nurture.post("/api/leads", body).status_code == 201
    assert len(nurture.post("/api/enrollments", {"scenario": "chase", "leads": names}).json()["enrolled"]) == LEADS
    victims = itertools.cycle(VICTIMS)
    struck: list[str] = []
    try:
        last = time.monotonic()
        ends: dict[str, tuple[str, str]] = {}
        begun = time.monotonic()
        while len(ends) < LEADS:
            if time.monotonic() - begun > 420:
                left = [name for name in names if name not in ends]
                raise AssertionError(f"{len(left)} leads have not ended: {[nurture.get(f'/api/leads/{left[0]}')]}")
            if kills and time.monotonic() - last > BETWEEN_KILLS:
                victim = next(victims)
                nurture.kill(victim)
                struck.append(victim)
                last = time.monotonic()
            with contextlib.suppress(httpx.HTTPError):
                ends |= finished(nurture, [name for name in names if name not in ends])
            time.sleep(0.5)
    finally:
        readers.stop.set()
        reading.join(timeout=30)
    if kills:
        assert set(struck) == set(VICTIMS)
    handoffs = patiently(lambda: [len(list(nurture.all("/api/handoffs?limit=200")))])[0]
    outcome = Outcome(ends, readers.mails, handoffs)
    (nurture.home / "outcome.json").write_text(json.dumps(ends))
    assert nurture.stop() == 0
    return outcome


def finished(nurture: Whole, names: list[str]) -> dict[str, tuple[str, str]]:
    """Which of these leads have ended, or stand with sales, and how."""
    found: dict[str, tuple[str, str]] = {}
    standing = {each["id"]: each for each in nurture.all("/api/leads?limit=200")}
    for name in names:
        each = standing[name]
        if each["status"] == "with_sales":
            found[name] = ("to_sales", "with_sales")
        elif each["status"] == "idle" and each["seq"] > 1:
            lines = [line for line in nurture.all(f"/api/leads/{name}/timeline") if line["what"] == "finished"]
            if lines:
                found[name] = (lines[-1]["step"], lines[-1]["subject"])
    return found


@pytest.mark.timeout(1500)
def test_kills_change_neither_the_last_step_nor_the_mails(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """Worker, web, relay and Temporal are killed by turns; compared with an undisturbed run of the same seed."""
    folder = write_folder(tmp_path / "scenarios", SCENARIO)
    calm = play(whole(speed=SPEED), folder, 7, kills=False)
    assert set(calm.mails.values()) == {1}, "at most one mail per visit"
    disturbed = play(whole(speed=SPEED), folder, 7, kills=True)
    assert disturbed.mails == calm.mails
    assert disturbed.ends == calm.ends
    assert disturbed.handoffs == calm.handoffs
