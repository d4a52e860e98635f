"""Makes the stored data ready before any worker polls: tables, clock, and the new time told to the running leads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from adapters.clock import Clock, append_epochs, open_clock
from adapters.database import numbering
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import migrate, open_database, writing
from adapters.mending_words import compare_words
from adapters.relay import TELL_AGAIN, Relay, connected
from adapters.settings import Settings
from adapters.temporal_server import register_search_attributes
from cli.supervisor import say_on_stderr
from nurture.errors import NurtureError


async def prepare(settings: Settings) -> None:
    """Migrate, open the clock and keep it going, and deliver a new epoch to every running lead.

    A workflow that woke up under the old epoch would take the time the processes were away for time that has passed.
    The clock is kept by this process from here on, since the children take longer to start than a lease lasts.
    """
    engine = open_database(settings.database_url)
    await asyncio.to_thread(migrate, engine)
    opened = await asyncio.to_thread(open_clock, engine, settings.speed, datetime.now(UTC))
    clock = Clock(engine)
    clock.start()
    if settings.embeds_temporal:
        with writing(engine) as conn:  # its server was away too, and may have lost what it was told last
            numbering.unsignal_newest(conn, TELL_AGAIN)
    if not opened.began_anew:
        return
    with writing(engine) as conn:
        told = append_epochs(conn, opened.epoch)
    if told:
        say_on_stderr(f"nurture's clock goes on at {opened.epoch.nurture:%Y-%m-%d %H:%M} UTC; telling {told} leads")
        relay = Relay(engine, await connected(settings), clock, DeploymentStore(engine))
        while await relay.once():
            pass


async def prepare_once(settings: Settings) -> None:
    """What has to be there before web, relay and worker are started one by one: tables, clock, search attributes.

    Once more after an upgrade, it mends what processes of the older release have written meanwhile.
    """
    if settings.speed != 1:
        raise NurtureError(
            "an accelerated clock is kept by `nurture up`",
            where="NURTURE_SPEED",
            do="leave it out, or use that",
        )
    engine = open_database(settings.database_url)
    migrate(engine)
    open_clock(engine, settings.speed, datetime.now(UTC))
    mended = compare_words(engine)
    engine.dispose()
    client = await connected(settings)
    await register_search_attributes(client.service_client, namespace=client.namespace)
    say_on_stderr("prepared: tables, clock and search attributes are there")
    if mended:
        say_on_stderr(f"what {mended} leads are searched by was mended: an older release had written them since")
