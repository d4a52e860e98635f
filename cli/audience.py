"""Plays the people of the demo: leads that come in, readers that react to their mails, sales that close their tasks.

The tasks of one rep it leaves to the person who tries the demo.

Acts through the public HTTP API only: real mails in the sink, real signed webhooks. What it still has to do is kept in
a file, so that a demo that is started again goes on where it was.
"""

from __future__ import annotations

import asyncio
import heapq
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.database.lead_files import leads_of
from adapters.mail.port import SEND_KEY_ARGUMENT
from adapters.mail.rendering import is_hidden_link
from nurture.audience import Audience
from nurture.conditions import MAIL_EVENTS
from nurture.definitions import Definitions
from nurture.facts import Facts
from nurture.membership import ways_in
from nurture.reactions import reactions, verdict

log = structlog.get_logger(__name__)

ENTER_WITHIN = timedelta(days=30)
"""The sample leads come in over so many days."""
ROAM_FOR = timedelta(days=120)
"""So long people do something without being mailed; a demo that runs on has only their mails."""
EAGER = (("visited", "/pricing", 2), ("downloaded", "whitepaper/rollout", 5), ("requested", "demo", 9))
"""What the first of them do by themselves, in hours from when they come: so that sales has something to do at once."""
EAGER_EVERY = timedelta(hours=6)
"""One of them comes after the other."""
LOOK_EVERY = 0.2
"""Real seconds between two looks at the inbox."""
SETTLED = timedelta(seconds=5)
"""How far back in real time a look at the inbox reaches: what was stored at one moment may be seen at another."""
VERBS = {
    "opened": "open",
    "clicked": "click",
    "unsubscribed": "unsubscribe",
    "spam_reported": "spam",
    "bounced": "bounce",
    "replied": "reply",
}


@dataclass(order=True, slots=True)
class Deed:
    """Something a person will do at a time: a verb, and what it needs."""

    at: datetime
    number: int
    verb: str = field(compare=False)
    given: Mapping[str, Any] = field(compare=False)


class Stage:
    """The people of one demo, and the file in which they keep their plans."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        clock: Clock,
        store: DeploymentStore,
        audience: Audience,
        *,
        file: Path,
        seed: int,
        yours: str | None = None,
        colleague: str | None = None,
    ) -> None:
        """`yours`: the rep whose tasks a person sees to; `colleague`: who takes those that nobody has."""
        self._client, self._clock, self._store, self._audience = client, clock, store, audience
        self._file, self._seed, self._yours, self._colleague = file, seed, yours, colleague
        self._deeds: list[Deed] = []
        self._since = clock.now().isoformat()
        self._seen: set[str] = set()
        self._count = 0
        self.done = 0

    # --- plans ------------------------------------------------------------------------------------------------------

    def open(self, rows: list[dict[str, Any]], eager: Collection[str] = ()) -> None:
        """Go on with the plans on file, or plan when each lead comes in; those of the ids `eager` first."""
        if self._file.exists():
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._since, self._seen, self.done = kept["since"], set(kept["seen"]), kept["done"]
            for at, verb, given in kept["deeds"]:
                self._plan(datetime.fromisoformat(at), verb, given)
            return
        start, dice = self._clock.now(), Random(self._seed)  # noqa: S311 - a play, not a secret
        first = [row for row in rows if row["id"] in eager]
        for number, row in enumerate(first):
            self._hurry(row, start + number * EAGER_EVERY)
            self._roam(row["id"], start, start + ROAM_FOR)
        rows = [row for row in rows if row["id"] not in eager]
        for number, row in enumerate(rows):
            share = (number + dice.random()) / max(len(rows), 1)
            enters = start + ENTER_WITHIN * share * 0.98
            self._plan(enters, "enter", row)
            self._roam(row["id"], enters, start + ROAM_FOR)
        self.save()

    def _hurry(self, row: Mapping[str, Any], at: datetime) -> None:
        """Plan a lead that comes in and asks for a talk on the same day."""
        self._plan(at, "enter", row)
        for kind, subject, hours in EAGER:
            name = f"audience/{row['id']}/eager/{kind}"
            given = {"id": name, "lead": row["id"], "type": kind, "subject": subject}
            self._plan(at + timedelta(hours=hours), "event", given)

    def _roam(self, lead: str, since: datetime, until: datetime) -> None:
        """Plan what a person does without being mailed: a stream of events for each kind."""
        for each in self._audience.any_time:
            dice = Random(f"{self._seed}/{lead}/{each.event}")  # noqa: S311
            at, number = since, 0
            while each.rate_per_30d > 0:
                at += timedelta(days=dice.expovariate(each.rate_per_30d / 30))
                if at > until:
                    break
                number += 1
                name = f"audience/{lead}/{each.event}/{number}"
                self._plan(at, "event", {"id": name, "lead": lead, "type": each.event.type,
                                         "subject": each.event.subject})  # fmt: skip

    def save(self) -> None:
        """Keep the plans, whole or not at all."""
        kept = {
            "since": self._since,
            "seen": sorted(self._seen),
            "done": self.done,
            "deeds": [(deed.at.isoformat(), deed.verb, dict(deed.given)) for deed in self._deeds],
        }
        beside = self._file.with_suffix(".new")
        beside.write_text(json.dumps(kept, ensure_ascii=False), encoding="utf-8")
        beside.replace(self._file)

    def _plan(self, at: datetime, verb: str, given: Mapping[str, Any]) -> None:
        self._count += 1
        heapq.heappush(self._deeds, Deed(at, self._count, verb, given))

    # --- acting -----------------------------------------------------------------------------------------------------

    async def play(self) -> None:
        """Look and act for ever. A server that is away for a moment is asked again."""
        while True:
            try:
                await self._look()
                await self._act()
            except httpx.HTTPError:
                await asyncio.sleep(1)
            self.save()
            await asyncio.sleep(LOOK_EVERY)

    async def _look(self) -> None:
        """Plan the reactions to mails and tasks not seen yet."""
        # a mail of the same moment may be committed after one that was seen: look back a little
        since = datetime.fromisoformat(self._since) - SETTLED * self._clock.epoch.speed
        for mail in await self._all(f"/api/inbox?since={quote(since.isoformat())}&limit=200"):
            if mail["id"] not in self._seen:
                self._read(mail)
                self._since = max(self._since, mail["at"])
        for task in await self._all("/api/handoffs?state=open&limit=200"):
            if task["id"] not in self._seen and (task["rep"] or self._colleague) not in (None, self._yours):
                self._take(task)

    async def _all(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        following: str | None = path
        while following is not None:
            page = (await self._client.get(following)).raise_for_status().json()
            found.extend(page["items"])
            following = page["next"]
        return found

    def _read(self, mail: Mapping[str, Any]) -> None:
        """Plan what the reader of one mail will do."""
        self._seen.add(mail["id"])
        key = str(mail["custom_args"].get(SEND_KEY_ARGUMENT, ""))
        told = self._of(key)
        if told is None:
            return  # a test mail: nobody of the audience got it
        lead, template = told
        dice = Random(f"{self._seed}/{key}")  # noqa: S311
        at = datetime.fromisoformat(mail["at"])
        links = [link for link in mail["links"] if "/u/" not in link and not is_hidden_link(link)]
        for each in reactions(self._audience, template, dice.random):
            if each.type not in MAIL_EVENTS:
                name = f"audience/{key}/{each.type}/{each.subject}"  # a mail may bring somebody to attend two things
                given = {"id": name, "lead": lead, "type": each.type, "subject": each.subject}
                self._plan(at + each.after, "event", given)
            elif each.type != "clicked" or links:
                given = {"mail": mail["id"], "url": links[0] if links else ""}
                self._plan(at + each.after, VERBS[each.type], given)

    def _of(self, key: str) -> tuple[str, str] | None:
        """The lead of a send key, and the template its step sends at that visit; None where it is no lead's mail."""
        parts = key.rsplit("/", 4)
        if len(parts) != len(("lead", "scenario", "enrolment", "step", "visit")) or not parts[4].isdigit():
            return None
        lead, scenario, _, step, visit = parts
        if scenario not in self._store.current().scenarios:
            self._store.refresh()  # somebody deployed meanwhile
        found = self._store.current().scenarios.get(scenario)
        mails = found.steps[step].mails if found is not None and step in found.steps else ()
        return lead, mails[min(int(visit), len(mails)) - 1] if mails else ""

    def _take(self, task: Mapping[str, Any]) -> None:
        """Plan what sales will make of one task."""
        self._seen.add(task["id"])
        dice = Random(f"{self._seed}/{task['id']}")  # noqa: S311
        now, given = self._clock.now(), {"task": task["id"], "rep": task["rep"] or self._colleague}
        self._plan(now + timedelta(hours=8), "accept", given)
        found = verdict(self._audience, dice.random)
        if found is not None:
            after, word = found
            verb = "return" if word == "returned" else "close"
            self._plan(now + timedelta(hours=9) + after, verb, {**given, "outcome": word})

    async def _act(self) -> None:
        while self._deeds and self._deeds[0].at <= self._clock.now():
            deed = self._deeds[0]
            answer = await self._do(deed)
            if answer.is_server_error:
                answer.raise_for_status()  # a server that is starting: the deed stays planned
            if answer.is_error:
                log.warning("deed_refused", verb=deed.verb, status=answer.status_code, answer=answer.text[:300])
            heapq.heappop(self._deeds)
            self.done += 1

    async def _do(self, deed: Deed) -> httpx.Response:
        given = deed.given
        match deed.verb:
            case "enter":
                return await self._client.post("/api/leads", json=dict(given))
            case "event":
                event = {**given, "at": deed.at.isoformat()}
                return await self._client.post("/events", json={"events": [event]})
            case "click":
                return await self._client.post(f"/api/inbox/{given['mail']}/click", json={"url": given["url"]})
            case "accept":
                return await self._client.post(_task(given, "accept"), json={"rep": given["rep"]})
            case "return":
                return await self._client.post(_task(given, "return"), json={"rep": given["rep"], "reason": "timing"})
            case "close":
                body = {"rep": given["rep"], "outcome": given["outcome"], "reason": "demo"}
                return await self._client.post(_task(given, "close"), json=body)
            case _:
                return await self._client.post(f"/api/inbox/{given['mail']}/{deed.verb}", json={})


def _task(given: Mapping[str, Any], verb: str) -> str:
    return f"/api/handoffs/{given['task']}/{verb}"


def eager_leads(rows: Sequence[Mapping[str, Any]], definitions: Definitions, most: int) -> frozenset[str]:
    """The first of the rows that a scenario with a way to sales takes in by what they are."""
    ways = [asked for asked in ways_in(definitions).values() if not asked.dids and not asked.by_time]
    now = datetime.min.replace(tzinfo=UTC)
    fit = (row["id"] for row in rows if any(each.fits(row.get("attributes") or {}, Facts(), now) for each in ways))
    return frozenset(islice(fit, most))


def sample_leads(path: Path, definitions: Definitions) -> list[dict[str, Any]]:
    """The bodies of `POST /api/leads` for the rows of a lead file."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        leads = leads_of(file, definitions, file_name=path.name)
    return [lead.model_dump(mode="json", exclude_unset=True) for lead in leads]
