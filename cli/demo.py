"""Runs everything with sample leads and an audience, a day in two seconds, and draws what happens."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.live import Live

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, reading, writing
from adapters.database.panorama import look
from adapters.sample_past import keep_past
from adapters.scenario_folder import check_folder, holidays_of
from adapters.settings import Settings, read_settings
from cli.audience import Stage, eager_leads, sample_leads
from cli.demo_desk import OVERDUE, colleague, with_time, your_rep
from cli.live import drawn, line
from cli.prepare import prepare
from cli.supervisor import say_on_stderr
from cli.up import up
from cli.welcoming import demo_links, demo_words
from nurture.audience import read_audience
from nurture.definitions import Definitions
from nurture.errors import DefinitionsRefused
from nurture.yaml_text import read_yaml
from web.security import make_login_token

SPEED = "43200"
"""A day in two seconds."""
SEED = 2026
EAGER = 8
"""So many leads ask for a talk within the first days."""
PAST = Path("history") / "deals.csv"
SAMPLES = Path(__file__).resolve().parent.parent / "scenarios"
DRAW_EVERY = 0.5
TELL_EVERY = 10.0


def demo() -> int:
    """Everything, until Ctrl-C; started again it goes on where it was. The exit code is that of `up`."""
    os.environ.setdefault("NURTURE_SPEED", SPEED)
    os.environ.setdefault("NURTURE_HOME", "var/demo")
    os.environ.setdefault("NURTURE_SAMPLE_SITE", "1")
    os.environ.setdefault("NURTURE_DEMO", "1")
    return up(read_settings(), prepare=_prepare, on_ready=_perform)


def _folder() -> Path:
    here = Path("scenarios")
    return here if here.is_dir() else SAMPLES


async def _prepare(settings: Settings) -> None:
    """Make the data ready, deploy the sample definitions if they are not current, and keep the weeks before."""
    await prepare(settings)
    loaded, files = check_folder(_folder())
    if not loaded.ok:
        raise DefinitionsRefused(loaded.problems)
    holidays = holidays_of(loaded.definitions, datetime.now(UTC).year)
    store = DeploymentStore(open_database(settings.database_url))
    with Clock(store.engine) as clock, writing(store.engine) as conn:
        made = deploy(conn, with_time(files), holidays, by="demo", now=clock.now(), real_now=datetime.now(UTC))
    say_on_stderr(f"deployment {made.number} is current")
    store.refresh()
    if (made.created and made.number == 1) or settings.own_database:
        with Clock(store.engine) as clock:
            await asyncio.to_thread(_look_back, store, clock.now())


def _look_back(store: DeploymentStore, now: datetime) -> None:
    """Keep past deals of the sample where nobody is yet, so that the report has something to tell at once.

    Only in a database of the demo's own: another one may be waiting for real leads.
    """
    definitions, table = store.current(), _folder() / PAST
    yours, others = your_rep(definitions), colleague(definitions)
    if yours is None or others is None or not table.is_file():
        return
    with writing(store.engine) as conn:
        number = keep_past(
            conn, table, definitions, now, yours=yours, others=others, real_now=datetime.now(UTC),
            overdue=OVERDUE,
        )  # fmt: skip
    if number:
        say_on_stderr(f"{number} past deals of {table} (invented, as all of it) are there to look back at")


async def _perform(settings: Settings) -> None:
    """Let the audience play, and draw."""
    store = DeploymentStore(open_database(settings.database_url))
    definitions = store.current()
    text = (_folder() / "audience.yaml").read_text(encoding="utf-8")
    audience = read_audience(read_yaml(text, file="audience.yaml").data)
    key = settings.api_key.get_secret_value() if settings.api_key else ""
    with Clock(store.engine) as clock:
        async with httpx.AsyncClient(
            base_url=settings.web_url, headers={"Authorization": f"Bearer {key}"}, timeout=10, trust_env=False
        ) as client:
            stage = Stage(
                client, clock, store, audience, file=settings.home / "audience.json", seed=SEED,
                yours=your_rep(definitions), colleague=colleague(definitions),
            )  # fmt: skip
            rows = sample_leads(_folder() / "leads.csv", definitions)
            stage.open(rows, eager_leads(rows, definitions, EAGER))
            links = demo_links(store.engine, settings)
            _welcome(links)
            addresses = {
                **links,
                "as admin": f"{settings.public_url}/login?token={make_login_token(store.engine)}  (good once)",
                "inbox": f"{settings.public_url}/inbox",
                "sample site": f"{settings.public_url}/site",
                "API": f"{settings.public_url}/api/docs",
                "Temporal UI": settings.temporal_ui or "-",
            }
            playing = asyncio.create_task(stage.play())
            try:
                await _draw(store, clock, definitions, addresses, playing)
            finally:
                playing.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await playing


def _welcome(links: dict[str, str]) -> None:
    """Say once what to try; a live view would scroll it away."""
    for each in demo_words(links):
        sys.stderr.write(f"{each}\n")
    sys.stderr.flush()


async def _draw(
    store: DeploymentStore,
    clock: Clock,
    definitions: Definitions,
    addresses: dict[str, str],
    playing: asyncio.Task[None],
) -> None:
    """A live view on a terminal, a line now and then elsewhere; ends only with the audience."""

    def seen() -> tuple[object, str]:
        with reading(store.engine) as conn:
            now = clock.now()
            found = look(conn, now)
        return drawn(found, definitions, now, addresses, your_rep(definitions)), line(found, now)

    if not sys.stderr.isatty():
        for name, address in addresses.items():
            if "login?token=" not in address or name == "as admin":  # those of the three were said with what to try
                say_on_stderr(f"{name}: {address}")
        await _every(TELL_EVERY, playing, lambda: _say(seen))
        return
    with Live(console=Console(stderr=True), refresh_per_second=4, transient=False) as live:

        async def show() -> None:
            view, _ = await asyncio.to_thread(seen)
            live.update(view)  # type: ignore[arg-type]

        await _every(DRAW_EVERY, playing, show)


async def _say(seen: Callable[[], tuple[object, str]]) -> None:
    _, text = await asyncio.to_thread(seen)
    say_on_stderr(text)


async def _every(seconds: float, playing: asyncio.Task[None], show: Callable[[], Awaitable[None]]) -> None:
    while not playing.done():
        await show()
        await asyncio.sleep(seconds)
    await playing  # raises what stopped the audience
