"""Plays the people of the fault suite over HTTP, and keeps what they were told had been taken."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from tests.e2e.faults.people import People
from tests.e2e.whole import KEY, Whole

LOOK_BACK = timedelta(seconds=5)
"""In real time: a mail of the same moment may be committed after one that was seen."""
SALES_TAKES = 3.0
"""Hours after which sales closes a task."""


@dataclass(order=True)
class Deed:
    """Something somebody does at a time on nurture's clock. `name`: what must be found again, once it was taken."""

    at: datetime
    number: int
    name: str = field(compare=False)
    path: str = field(compare=False)
    body: dict[str, Any] = field(compare=False)


class Audience:
    """A thread in which all people of a group act; who does not answer for a moment is asked again.

    `taken`: how often each deed was acknowledged; `tried`: how often it was attempted. A deed whose acknowledgement was
    lost is done again, as people do.
    """

    def __init__(self, nurture: Whole, people: People) -> None:
        self.taken: Counter[str] = Counter()
        self.tried: Counter[str] = Counter()
        self._nurture, self._people = nurture, people
        self._client = httpx.Client(
            base_url=nurture.web, headers={"Authorization": f"Bearer {KEY}"}, timeout=10, trust_env=False
        )
        self._seen: set[str] = set()
        self._deeds: list[Deed] = []
        self._count = itertools.count()
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        self._stopping = threading.Event()
        self.fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="audience", daemon=True)

    def start(self) -> None:
        """Act from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Act no more."""
        self._stopping.set()
        self._thread.join(timeout=60)
        self._client.close()

    @property
    def idle(self) -> bool:
        """Whether nobody has anything in mind."""
        return not self._deeds

    def _run(self) -> None:
        while not self._stopping.wait(0.25):
            try:
                self._look()
                self._act()
            except (httpx.HTTPError, OSError):
                continue
            except Exception as error:  # noqa: BLE001 - whoever waits for the people has to hear of it
                self.fault = error
                return

    def _look(self) -> None:
        since = (self._since - LOOK_BACK * self._nurture.speed).isoformat().replace("+", "%2B")
        for mail in self._all(f"/api/inbox?since={since}&limit=200"):
            if mail["id"] not in self._seen:
                self._seen.add(mail["id"])
                self._since = max(self._since, datetime.fromisoformat(mail["at"]))
                self._read(mail)
        for task in self._all("/api/handoffs?state=open&limit=200"):
            if task["id"] not in self._seen:
                self._seen.add(task["id"])
                self._take(task)

    def _read(self, mail: dict[str, Any]) -> None:
        key = mail["custom_args"]["nurture_send"]
        lead, _, _, step, visit = key.rsplit("/", 4)
        number = self._people.number(lead)
        if number is None or self._people.bounces(number):
            return
        for each in self._people.reactions(number, step, int(visit)):
            at = datetime.fromisoformat(mail["at"]) + timedelta(hours=each.after)
            if each.in_the_inbox:
                link = next(link for link in mail["links"] if "/u/" not in link)
                body = {"url": link} if each.what == "click" else {}
                self._plan(at, f"{each.what} {key}", f"/api/inbox/{mail['id']}/{each.what}", body)
            else:
                name = f"{key}/{each.what}/{each.subject}"
                event = {"id": name, "lead": lead, "type": each.what, "subject": each.subject}
                self._plan(at, f"event {name}", "/events", {"events": [event]})

    def _take(self, task: dict[str, Any]) -> None:
        number = self._people.number(task["lead"])
        if number is not None:
            body = {"rep": task["rep"], "outcome": self._people.verdict(number)}
            at = self._now() + timedelta(hours=SALES_TAKES)
            self._plan(at, f"close {task['lead']}", f"/api/handoffs/{task['id']}/close", body)

    def _plan(self, at: datetime, name: str, path: str, body: dict[str, Any]) -> None:
        heapq.heappush(self._deeds, Deed(at, next(self._count), name, path, body))

    def _act(self) -> None:
        if not self._deeds:
            return
        now = self._now()
        while self._deeds and self._deeds[0].at <= now:
            deed = self._deeds[0]
            self.tried[deed.name] += 1
            answer = self._client.post(deed.path, json=deed.body)
            if answer.is_server_error or answer.status_code == 429:
                return
            again = self.tried[deed.name] > 1 and answer.status_code == 409  # the first attempt had been taken
            if not (answer.is_success or again):
                raise AssertionError(f"{deed.name}: {answer.status_code} {answer.text[:300]}")
            self.taken[deed.name] += 1
            heapq.heappop(self._deeds)

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._client.get("/health/ready").raise_for_status().json()["now"])

    def _all(self, path: str) -> Iterator[dict[str, Any]]:
        following: str | None = path
        while following is not None:
            page = self._client.get(following).raise_for_status().json()
            yield from page["items"]
            following = page["next"]
