"""How a demo begins: whom its links let in, when its view says that it is over, and where past deals are put."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import Engine, func, insert, select

from adapters.database import users
from adapters.database.deployments import deploy
from adapters.database.engine import migrate, open_database, reading, writing
from adapters.database.panorama import look
from adapters.database.schema import enrolments, leads
from adapters.sample_past import keep_past
from adapters.scenario_folder import check_texts, read_folder
from adapters.settings import Settings, read_settings
from cli import demo
from cli.live import drawn
from cli.welcoming import demo_links, demo_words
from nurture.definitions import Definitions
from nurture.loading import definitions_of
from tests.cli.conftest import SAMPLES, Nurture

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


@pytest.fixture
def engine(nurture: Nurture) -> Iterator[Engine]:
    """The database of a new home, with the sample folder deployed."""
    assert nurture("deploy").code == 0
    opened = open_database(read_settings().database_url)
    yield opened
    opened.dispose()


def roles(engine: Engine) -> list[str]:
    """As whom the links of a demo let in."""
    return list(demo_links(engine, read_settings()))


def test_who_was_given_another_role_or_let_go_has_no_link_any_more(engine: Engine) -> None:
    """The others still come in, whoever else has their role; each link is said with what to try."""
    assert roles(engine) == ["as marketer", "as sales", "as ops"]
    with writing(engine) as conn:
        users.give_role(conn, "mika", "ops", None)
    assert roles(engine) == ["as sales", "as ops"]
    with writing(engine) as conn:
        users.deactivate(conn, "osamu")
    links = demo_links(engine, read_settings())
    assert list(links) == ["as sales"]
    assert len([line for line in demo_words(links) if "token=" in line]) == 1
    assert demo_words({}) == []


def shown(engine: Engine, definitions: Definitions) -> str:
    """The live view, as text."""
    console = Console(width=200, record=True, file=StringIO())
    with reading(engine) as conn:
        console.print(drawn(look(conn, NOW), definitions, NOW, {}, "rep_1"))
    return console.export_text()


def keep(engine: Engine, definitions: Definitions) -> int:
    """Past deals as a demo keeps them."""
    with writing(engine) as conn:
        return keep_past(
            conn, SAMPLES / "history" / "deals.csv", definitions, NOW, yours="rep_1", others="rep_2", real_now=NOW,
            overdue=timedelta(days=350),
        )  # fmt: skip


def test_a_demo_is_not_over_before_anybody_has_walked(engine: Engine) -> None:
    """Leads of the weeks before have come to an end; once one of the demo has, the newcomer's tasks are counted."""
    definitions = definitions_of(read_folder(SAMPLES), number=1, stored=True)
    assert keep(engine, definitions) > 0
    assert "come to an end" not in shown(engine, definitions)
    with writing(engine) as conn:
        lead = {"id": "lead_001", "language": "ja", "attributes": {}, "created_at": NOW, "started": True}
        conn.execute(insert(leads).values(**lead))
        conn.execute(
            insert(enrolments).values(
                lead="lead_001", enrolment=1, scenario="seminar_to_demo", deployment=1, priority=1, state="ended",
                decided_at=NOW, ended_at=NOW, finish="nurtured",
            )
        )  # fmt: skip
    assert "everybody has come to an end: 3 tasks wait for you on the desk" in shown(engine, definitions)
    with reading(engine) as conn:
        assert look(conn, NOW).waits_for == Counter(rep_1=3)


@pytest.mark.parametrize(
    ("own", "deployed_before", "kept"), [(True, True, True), (False, True, False), (False, False, True)]
)
def test_past_deals_go_into_no_database_that_may_wait_for_real_leads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, own: bool, deployed_before: bool, kept: bool
) -> None:
    """Into the demo's own file, or where this start made the first deployment."""
    settings = Settings(home=tmp_path / "demo")
    if not own:
        settings = Settings(home=tmp_path / "demo", database_url=f"sqlite:///{tmp_path / 'company.db'}")
    assert settings.own_database == own
    (tmp_path / "demo").mkdir()
    monkeypatch.setattr(demo, "_folder", lambda: SAMPLES)
    engine = open_database(settings.database_url)
    migrate(engine)
    if deployed_before:
        files = read_folder(SAMPLES)
        assert check_texts(files).ok
        with writing(engine) as conn:
            deploy(conn, files, [], by="tests", now=NOW, real_now=NOW)
    asyncio.run(demo._prepare(settings))
    with reading(engine) as conn:
        assert (conn.execute(select(func.count()).select_from(leads)).scalar_one() > 0) == kept
    engine.dispose()
