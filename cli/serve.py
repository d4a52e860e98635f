"""`nurture up` and `nurture demo`, and the processes they start; decides only what each word starts."""

from __future__ import annotations

import asyncio

import typer

from adapters.settings import read_settings
from cli.console import Ended


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("up", epilog="Example: NURTURE_HOME=var nurture up")(up)
    app.command("demo", epilog="Example: nurture demo")(demo)
    app.command("prepare", hidden=True, epilog="Example: nurture prepare")(prepare)
    app.command("web", hidden=True, epilog="Example: nurture web")(web)
    app.command("relay", hidden=True, epilog="Example: nurture relay")(relay)


def up() -> None:
    """Run everything in the foreground: Temporal, relay, worker and web; Ctrl-C stops all.

    Prints one line `ready web=… temporal=… ui=…` when everything answers. Deploys nothing by itself.
    """
    from cli.prepare import prepare  # noqa: PLC0415 - each word loads only what it starts
    from cli.up import up as run_up  # noqa: PLC0415 - each word loads only what it starts
    from cli.welcoming import say_first_link  # noqa: PLC0415 - each word loads only what it starts

    _end(run_up(read_settings(), prepare=prepare, on_ready=say_first_link))


def demo() -> None:
    """Run everything with sample leads and an audience, a day in two seconds; Ctrl-C stops all."""
    from cli.demo import demo as run_demo  # noqa: PLC0415 - each word loads only what it starts

    _end(run_demo())


def prepare() -> None:
    """Make the tables and the search attributes, before web, relay and worker are started one by one."""
    from cli.prepare import prepare_once  # noqa: PLC0415 - each word loads only what it starts

    asyncio.run(prepare_once(read_settings()))


def web() -> None:
    """Serve HTTP: the API, webhooks, unsubscribing and pages."""
    from adapters.logging import configure_logging  # noqa: PLC0415 - each word loads only what it starts
    from web.app import serve  # noqa: PLC0415 - each word loads only what it starts

    configure_logging("web")
    serve(read_settings())


def relay() -> None:
    """Carry entries from the database to Temporal."""
    from adapters.logging import configure_logging  # noqa: PLC0415 - each word loads only what it starts
    from adapters.relay import main as run_relay  # noqa: PLC0415 - each word loads only what it starts

    configure_logging("relay")
    _end(run_relay(read_settings()))


def _end(code: int) -> None:
    if code:
        raise Ended(code)
