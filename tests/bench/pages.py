"""Measures how soon the console answers in a database that years of use have filled, over HTTP, as a person who is in.

The floor is `/account` in the same round: what every page does, and next to nothing else. What a page shows later by
itself (counts over everything) is measured beside, as its parts. The first answer is that of a process of its own.
"""

from __future__ import annotations

import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

import httpx
from sqlalchemy import Engine, select

from adapters.database import deployments, user_links, users
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import migrate, open_database, reading, writing
from adapters.database.pages import cursor_after
from adapters.database.schema import handoffs, inbox
from adapters.scenario_folder import read_folder
from tests.bench.company_life import Life, fill
from tests.bench.population import name_of
from tests.bench.stage import free_port, say
from tests.databases import PostgresqlDatabases
from tests.e2e.whole import ROOT, Whole, patiently
from tests.postgresql import DURABLE, PostgresqlServer

ROUNDS = 9
AIM = 200.0
"""Milliseconds within which every page is to be there."""
FLOOR = "/account"
PATIENCE = 120.0


@dataclass(frozen=True, slots=True)
class Page:
    """What is asked for; with a `form` it is posted."""

    name: str
    path: str
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Taken:
    """Milliseconds: of the first answer of a new process, of the others, and of the floor asked beside them."""

    page: Page
    first: float
    others: Sequence[float]
    floors: Sequence[float]

    @property
    def median(self) -> float:
        return statistics.median(self.others)

    @property
    def slow(self) -> bool:
        """True where the aim is missed, by the first answer or by the usual one."""
        return max(self.first, self.median) > AIM

    def row(self, *, judged: bool = True) -> str:
        """A line of the table; `judged`: one that misses the aim stands out."""
        mark = "**" if judged and self.slow else ""
        return (
            f"| {self.page.name} | {mark}{self.first:.0f}{mark} | {mark}{self.median:.0f}{mark} | "
            f"{max(self.others):.0f} | {self.median / statistics.median(self.floors):.1f} |"
        )


def measure(kind: str, leads: int, events: int, rounds: int = ROUNDS) -> tuple[str, str]:
    """How it was measured, and the tables; everything that is started for it is stopped."""
    with ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="nurture-bench-pages-")))
        url = stack.enter_context(_database(kind, scratch))
        engine = open_database(url)
        stack.callback(engine.dispose)
        migrate(engine)
        began = time.perf_counter()
        life = deployed(engine, leads, max(1, events // leads))
        fill(engine, life)
        say(f"{kind}: {leads:,} leads and {leads * life.events_each:,} events are there after "
            f"{time.perf_counter() - began:.0f} s")  # fmt: skip
        asked, parts = pages_of(engine, life)
        web = stack.enter_context(_served(url, scratch))
        browser = stack.enter_context(_browser(engine, web))
        for _ in range(5):
            _ask(browser, Page("", FLOOR))

        def taken(page: Page, rounds: int) -> Taken:
            with _served(url, scratch) as new, _same_browser(browser, new) as other:
                first = _ask(other, page)
            return _taken(browser, page, first, rounds)

        found = [taken(page, rounds) for page in asked]
        after = [taken(part, max(2, rounds // 3)) for part in parts]
    slow = [each.page.name for each in found if each.slow]
    head = "| {} | first, ms | median, ms | worst, ms | median in units of the floor |\n|---|--:|--:|--:|--:|\n"
    floor = statistics.median(floor for each in found for floor in each.floors)
    table = head.format("page") + "\n".join(each.row() for each in found)
    table += f"\n\nThe floor took {floor:.0f} ms. " + (
        f"Over {AIM:.0f} ms, the first time or at the median: {', '.join(slow)}."
        if slow
        else f"Every page was there within {AIM:.0f} ms, the first time too."
    )
    table += "\n\n" + head.format("what comes after the page")
    table += "\n".join(each.row(judged=False) for each in after) + "\n"
    return f"{leads:,} leads, {leads * life.events_each:,} events, {rounds} rounds", table


def _taken(browser: httpx.Client, page: Page, first: float, rounds: int) -> Taken:
    _ask(browser, page)  # what this process keeps of it is there from here on
    others, floors = [], []
    for _ in range(rounds):
        floors.append(_ask(browser, Page("", FLOOR)))
        others.append(_ask(browser, page))
    found = Taken(page, first, others, floors)
    say(f"{page.name}: first {first:.0f} ms, then {found.median:.0f} ms, {max(others):.0f} ms at worst")
    return found


def _ask(browser: httpx.Client, page: Page) -> float:
    began = time.perf_counter()
    answer = browser.post(page.path, data=dict(page.form)) if page.form else browser.get(page.path)
    taken = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise SystemExit(f"{page.path} answered {answer.status_code}: {answer.text[:500]}")
    return taken


def deployed(engine: Engine, leads: int, events_each: int) -> Life:
    """The sample folder deployed twice, with a difference, and the life by it."""
    now = datetime.now(UTC)
    files = read_folder(ROOT / "scenarios")
    with writing(engine) as conn:
        for each in (files, {**files, "sender.yaml": f"{files['sender.yaml']}\n# another deployment\n"}):
            deployments.deploy(conn, each, [], by="bench", now=now, real_now=now)
    return Life(leads, events_each, DeploymentStore(engine).current(), now)


def pages_of(engine: Engine, life: Life) -> tuple[list[Page], list[Page]]:
    """All pages, about somebody in the middle of everybody; and what some of them show later."""
    middle = life.leads // 2 // 5 * 5
    lead, scenario = name_of(middle), min(life.definitions.scenarios)
    step, segment = life.way_of(middle)[1][0][0], next(iter(life.definitions.segments))
    rep = life.definitions.sales.reps[0].rep if life.definitions.sales else ""
    with reading(engine) as conn:
        task = conn.execute(select(handoffs.c.id).where(handoffs.c.rep.is_not(None)).limit(1)).scalar_one()
        mail = conn.execute(select(inbox.c.message).order_by(inbox.c.id.desc()).limit(1)).scalar_one()
    here = f"/scenarios/{scenario}"
    pages = [
        Page("start page", "/"), Page("desk of all", "/desk"), Page("desk of a rep", f"/desk?rep={rep}"),
        Page("team", "/desk/team"), Page("a task", f"/desk/{quote(task)}"),
        Page("leads", "/leads"), Page("leads, from the middle on", f"/leads?cursor={cursor_after(lead)}"),
        Page("leads that are blocked", "/leads?status=blocked"), Page("hot leads", "/leads?hot=1"),
        Page("leads at a step", f"/leads?scenario={life.way_of(middle)[0]}&step={step}"),
        Page("search: a name that many have", "/leads", {"q": "佐藤"}),
        Page("search: what everybody has", "/leads", {"q": "example.com"}),
        Page("the same of those who are blocked", "/leads", {"q": "example.com", "status": "blocked"}),
        Page("the same of those who wait", "/leads", {"q": "example.com", "status": "waiting"}),
        Page("what nobody has, of those who wait", "/leads", {"q": "nobody-has-this", "status": "waiting"}),
        Page("search: an address", "/leads", {"q": f"{lead}@example.com"}),
        Page("search: what nobody has", "/leads", {"q": "nobody-has-this"}),
        Page("a lead", f"/leads/{lead}"), Page("its company", f"/leads/{lead}/company"),
        Page("scenarios", "/scenarios"), Page("a scenario", here), Page("who stands at a step", f"{here}?step={step}"),
        Page("segments", "/segments"), Page("a segment", f"/segments/{segment}"), Page("journey map", "/journey"),
        Page("definitions", "/definitions"), Page("two deployments", "/definitions/compare?older=1&newer=2"),
        Page("report", "/report"), Page("inbox", "/inbox"), Page("a mail", f"/inbox/{quote(mail)}?done=seen"),
        Page("changes", "/audit"), Page("changes by somebody", "/audit?by=user_7"),
        Page("changes by nobody", "/audit?by=nobody"), Page("users", "/users"), Page("account (the floor)", FLOOR),
    ]  # fmt: skip
    parts = [
        Page("figures of a scenario, 30 days", f"{here}?since=30d&counts=1"),
        Page("figures of a scenario, all time", f"{here}?since=all&counts=1"),
        Page("counts of all segments", "/segments?counts=1"),
        Page("counts of a segment", f"/segments/{segment}?counts=1"),
        Page("4R of a segment", f"/segments/{segment}?report=1"),
        Page("check of the journey map", "/journey?check=1"),
        Page("check of the definitions", "/definitions?checked=1"),
        Page("report of hot leads", "/report?whole=1"),
    ]
    return pages, parts


@contextmanager
def _database(kind: str, scratch: Path) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if kind == "sqlite":
        yield f"sqlite:///{scratch / 'nurture.db'}"
        return
    with PostgresqlServer(free_port(), DURABLE) as server:
        databases = PostgresqlDatabases(server)
        yield databases.empty(scratch)
        databases.close()


@contextmanager
def _served(url: str, scratch: Path) -> Iterator[str]:
    """The base URL of a web process alone, which has shown no page yet: pages need no Temporal."""
    home = Path(tempfile.mkdtemp(prefix="home-", dir=scratch))
    whole = Whole(home, (free_port(), free_port(), free_port()), url)
    with (home / "web.log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "web"], cwd=ROOT, env=whole.settings, stdout=log, stderr=log
        )
    try:
        patiently(lambda: httpx.get(f"{whole.web}/health/live", trust_env=False, timeout=PATIENCE), seconds=PATIENCE)
        yield whole.web
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _browser(engine: Engine, web: str) -> Iterator[httpx.Client]:
    """Of an admin, who sees every page; it came in by a link. Forms carry its token."""
    now = datetime.now(UTC)
    with writing(engine) as conn:
        user = users.add(conn, "bench", name="ベンチ", role="admin", rep=None, real_now=now)
        token = user_links.make(conn, "entry", user.id, now)
    with httpx.Client(base_url=web, trust_env=False, timeout=PATIENCE) as browser:
        browser.get("/login", params={"token": token})
        (csrf, *_) = re.findall(r'name="csrf_token" value="([^"]+)"', browser.get(FLOOR).text)
        browser.headers["x-csrf-token"] = csrf
        yield browser


def _same_browser(browser: httpx.Client, web: str) -> httpx.Client:
    """The same person at another process of the same database: sessions are kept there."""
    headers = {"x-csrf-token": browser.headers["x-csrf-token"]}
    return httpx.Client(base_url=web, trust_env=False, timeout=PATIENCE, headers=headers, cookies=browser.cookies)
