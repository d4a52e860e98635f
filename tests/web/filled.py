"""A web process over the sample, served to one browser: fixtures for tests that look at full pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser
from sqlalchemy import Connection, Engine, select, update

from adapters.asking import Asking, Wish
from adapters.clock import Clock
from adapters.database import timeline
from adapters.database.engine import open_database, reading, writing
from adapters.database.schema import handoffs, inbox, leads
from adapters.mail.tokens import Subscription, UnsubscribeTokens
from adapters.settings import Settings
from nurture import protocol
from nurture.records import Line
from tests.browser import one_chromium
from tests.databases import Databases
from tests.screenshots import sample
from tests.web.browsing import serving
from tests.web.process import KEY, Process, client_of
from web.app import make_app

BECOMES = {"pause": "paused", "resume": "waiting", "go_to": "waiting", "retry": "waiting"}


class Obeying(Asking):
    """Stands for the workflows: does what it is asked, and writes down what a workflow would."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(Settings(temporal_port=1))
        self._engine = engine

    async def __call__(
        self, lead: str, wish: Wish, given: dict[str, Any], *, once: str | None = None
    ) -> protocol.Explanation:
        del once
        with writing(self._engine) as connection:
            row = connection.execute(select(leads.c.position, leads.c.step).where(leads.c.id == lead)).one()
            status, step = BECOMES[wish], given.get("step", row.step)
            at = {**row.position, "status": status, "step": step}
            values = {"status": status, "step": step, "position": at}
            connection.execute(update(leads).where(leads.c.id == lead).values(**values))
            what = {"pause": "paused", "resume": "resumed", "go_to": "moved", "retry": "retried"}[wish]
            timeline.add(connection, lead, Line(at=sample.NOW, kind="ops", what=what, reason=given["reason"]))
        return protocol.Explanation(
            scenario=at["scenario"], step=step, visit=1, since=sample.NOW, waiting_for=None, deadline=None,
            status=status, why="",
        )  # fmt: skip


@dataclass(frozen=True)
class Filled:
    """A web process over the sample, served; `names` are the parts of paths that are known only then."""

    process: Process
    url: str
    names: dict[str, str]

    def path(self, written: str) -> str:
        """With the names put in."""
        for name, value in self.names.items():
            written = written.replace(name, value)
        return written


@pytest.fixture(scope="module")
def filled(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[Filled]:
    """The sample, filled in once for all tests of a module."""
    folder = tmp_path_factory.mktemp("filled")
    engine = open_database(databases.fresh(folder))
    store = sample.fill(engine)
    clock = Clock(engine)
    app = make_app(Settings(home=folder, temporal_port=1), engine, store=store, clock=clock)
    process = Process(app, engine, store, clock, client_of(app, KEY))
    with reading(engine) as connection:
        names = _names(connection)
    token = UnsubscribeTokens.of(engine).token(Subscription(names["LEAD"], "newsletter", "sample"))
    with serving(process, folder, free_port(), asking=Obeying(engine)) as url:
        yield Filled(process, url, names | {"PREFERENCES": f"/u/{token}"})
    engine.dispose()


def _names(connection: Connection) -> dict[str, str]:
    """A task that is open with its lead, and the newest mail."""
    task = connection.execute(
        select(handoffs.c.id, handoffs.c.lead).where(handoffs.c.state == "open").order_by(handoffs.c.made_at)
    ).first()
    mail = connection.execute(select(inbox.c.message).order_by(inbox.c.id.desc())).scalar()
    assert task is not None
    assert mail is not None
    return {"TASK": quote(task.id), "LEAD": task.lead, "MAIL": mail}


@pytest.fixture(scope="module")
def browser(filled: Filled) -> Iterator[Browser]:
    """One for all; begun after the sample is there, as it keeps a loop of its own in this thread."""
    with one_chromium() as found:
        yield found
