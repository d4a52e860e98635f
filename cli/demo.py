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
from adapters.scenario_folder import check_folder, holidays_of
from adapters.settings import Settings, read_settings
from cli.audience import Stage, sample_leads
from cli.live import drawn, line
from cli.prepare import prepare
from cli.supervisor import say_on_stderr
from cli.up import up
from cli.welcoming import demo_links
from nurture.audience import read_audience
from nurture.definitions import Definitions
from nurture.errors import DefinitionsRefused
from nurture.yaml_text import read_yaml
from web.security import make_login_token

SPEED = "43200"
"""A day in two seconds."""
SEED = 2026
SAMPLES = Path(__file__).resolve().parent.parent / "scenarios"
DRAW_EVERY = 0.5
TELL_EVERY = 10.0


def demo() -> int:
    """Everything, until Ctrl-C; started again it goes on where it was. The exit code is that of `up`."""
    os.environ.setdefault("NURTURE_SPEED", SPEED)
    os.environ.setdefault("NURTURE_HOME", "var/demo")
    os.environ.setdefault("NURTURE_SAMPLE_SITE", "1")
    return up(read_settings(), prepare=_prepare, on_ready=_perform)


def _folder() -> Path:
    here = Path("scenarios")
    return here if here.is_dir() else SAMPLES


async def _prepare(settings: Settings) -> None:
    """Make the data ready and deploy the sample definitions, if they are not current already."""
    await prepare(settings)
    loaded, files = check_folder(_folder())
    if not loaded.ok:
        raise DefinitionsRefused(loaded.problems)
    holidays = holidays_of(loaded.definitions, datetime.now(UTC).year)
    store = DeploymentStore(open_database(settings.database_url))
    with Clock(store.engine) as clock, writing(store.engine) as conn:
        made = deploy(conn, files, holidays, by="demo", now=clock.now(), real_now=datetime.now(UTC))
    say_on_stderr(f"deployment {made.number} is current")


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
            stage = Stage(client, clock, store, audience, file=settings.home / "audience.json", seed=SEED)
            stage.open(sample_leads(_folder() / "leads.csv", definitions))
            addresses = {
                "start here": f"{settings.public_url}/login?token={make_login_token(store.engine)}  (good once)",
                **demo_links(store.engine, settings),
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
        return drawn(found, definitions, now, addresses), line(found, now)

    if not sys.stderr.isatty():
        for name, address in addresses.items():
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
