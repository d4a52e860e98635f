"""What pages ask for is answered by an index, or by the narrow table of words, and not by reading everything."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, event, func, inspect, select, text, update

from adapters.database import audit, desk, erasures, footfall, lead_dossier, lead_words, leads, positions
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import MIGRATIONS, reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.merging import merge
from adapters.database.schema import addresses as address_rows
from adapters.database.schema import company_begins
from adapters.database.schema import lead_words as word_rows
from adapters.database.schema import leads as lead_rows
from nurture.records import Position, Record
from nurture.state import State
from tests.database.conftest import NOW

STEPS = (
    select(lead_rows.c.scenario, lead_rows.c.step, func.count())
    .where(lead_rows.c.scenario.is_not(None))
    .group_by(lead_rows.c.scenario, lead_rows.c.step)
)
"""As the start page counts."""
Ask = Callable[[Connection], object]
ASKED: dict[str, tuple[Ask, Sequence[str]]] = {
    "hot leads": (lambda conn: leads.page(conn, 50, hot=True), ["ix_leads_hot"]),
    "leads at a step": (
        lambda conn: leads.page(conn, 50, scenario="seminar_to_demo", step="newsletter"),
        ["ix_leads_standing"],
    ),
    "leads of a company": (lambda conn: lead_dossier.colleagues(conn, "l7"), ["ix_leads_company"]),
    "leads by step": (lambda conn: conn.execute(STEPS).all(), ["ix_leads_standing"]),
    "standing in a scenario": (lambda conn: footfall.standing(conn, "seminar_to_demo"), ["ix_leads_standing"]),
    "enrolments": (footfall.enrolled, ["ix_enrolments_scenario_state"]),
    "lines of a scenario": (
        lambda conn: footfall.lines(conn, "seminar_to_demo", NOW - timedelta(days=30), []),
        ["ix_timeline_scenario"],
    ),
    "closed tasks": (lambda conn: desk.closed(conn, None, NOW - timedelta(days=30), 50), ["ix_handoffs_closed"]),
    "changes by somebody": (lambda conn: audit.rows(conn, 50, None, by="user_7"), ["ix_audit_by"]),
    "tasks of a company": (lambda conn: desk.of_company(conn, "見本通信", "l7", 10), ["ix_handoffs_company"]),
}


@pytest.fixture
def crowd(engine: Engine, deployed: DeploymentStore) -> DeploymentStore:
    """Twelve leads, every third of the same company."""
    with writing(engine) as conn:
        for number in range(12):
            company = "見本通信" if number % 3 == 1 else f"会社 {number}"
            said = {"id": f"l{number}", "email": f"l{number}@example.com", "attributes": {"company": company}}
            leads.upsert(conn, LeadUpsert.model_validate(said), store=deployed, now=NOW)
    return deployed


@pytest.mark.parametrize("asked", list(ASKED))
def test_what_a_page_asks_is_answered_by_its_index(crowd: DeploymentStore, asked: str) -> None:
    """As the statement is sent, with its parameters: an index of an expression serves only the same expression."""
    ask, indexes = ASKED[asked]
    with reading(crowd.engine) as conn:
        plans = "\n".join(plans_of(conn, ask))
    assert [each for each in indexes if each not in plans] == [], plans


@pytest.mark.parametrize("how", [{"status": "waiting"}, {"status": "waiting", "q": "example"}, {"hot": True}])
def test_a_page_of_leads_sorts_nothing(crowd: DeploymentStore, how: dict[str, Any]) -> None:
    """Else it would read all who wait to show fifty of them: the index has them in the order of the page."""
    with reading(crowd.engine) as conn:
        plans = "\n".join(plans_of(conn, lambda conn: leads.page(conn, 50, **how)))
    assert "TEMP B-TREE FOR ORDER BY" not in plans
    assert how.get("status") is None or "ix_leads_status" in plans, plans


def plans_of(conn: Connection, ask: Ask) -> list[str]:
    """How the database goes about each statement; PostgreSQL would rightly read all of a table this small."""
    seen: list[tuple[str, object]] = []

    def see(_conn: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        seen.append((statement, parameters))

    event.listen(conn.engine, "before_cursor_execute", see)
    try:
        ask(conn)
    finally:
        event.remove(conn.engine, "before_cursor_execute", see)
    sqlite = conn.dialect.name == "sqlite"
    if not sqlite:
        conn.exec_driver_sql("SET LOCAL enable_seqscan = off")
        conn.exec_driver_sql("SET LOCAL enable_sort = off")
    explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
    return [
        "\n".join(str(row[-1]) for row in conn.exec_driver_sql(f"{explain} {statement}", parameters))  # type: ignore[arg-type]
        for statement, parameters in seen
    ]


def test_others_of_a_company_are_those_whose_whole_name_is_the_same(crowd: DeploymentStore) -> None:
    """The index holds the beginning of a name; a longer one that begins so is another company."""
    long = "長" * 250
    with writing(crowd.engine) as conn:
        for lead, company in (("m1", long + "甲"), ("m2", long + "乙"), ("m3", long + "甲")):
            said = {"id": lead, "attributes": {"company": company}}
            leads.upsert(conn, LeadUpsert.model_validate(said), store=crowd, now=NOW)
        assert [each.id for each in lead_dossier.colleagues(conn, "m1")[1]] == ["m3"]
        assert [each.id for each in lead_dossier.colleagues(conn, "l1")[1]] == ["l10", "l4", "l7"]


def test_a_lead_is_found_by_what_is_known_of_it_now(crowd: DeploymentStore) -> None:
    """Whatever changes it: an upsert, further addresses, a merge, a scenario, an erasure; nobody gone is found."""
    with writing(crowd.engine) as conn:
        several = [
            {"id": "l0", "name": "ヤマダ 太郎"}, {"id": "l1", "emails": ["a@example.jp", "B@example.jp"]},
            {"id": "l1", "emails": ["b@example.jp"]}, {"id": "l2", "attributes": {"company": None}},
            {"id": "l3", "attributes": {"employees": 60}},
        ]  # fmt: skip
        for said in several:
            leads.upsert(conn, LeadUpsert.model_validate(said), store=crowd, now=NOW)
    with writing(crowd.engine) as conn:
        merge(conn, "l4", "l5", store=crowd, now=NOW, by="tests")
        state, named = State(lead="l8", records=1), {"company": "新しい会社"}
        by_scenario = Record(lead="l8", number=1, state=state, position=Position(), attributes=named)
        positions.write(conn, "l8", [by_scenario])
        erasures.ask(conn, "l6", by="tests", now=NOW, real_now=NOW)
    with reading(crowd.engine) as conn:
        kept = {row.lead: row.words for row in conn.execute(select(word_rows))}
        assert kept == should_be(conn)
        for sought, found in (
            ("ﾔﾏﾀﾞ", ["l0"]), ("a@example.jp", []), ("b@EXAMPLE.jp", ["l1"]), ("l5@example.com", ["l4"]),
            ("l6", []), ("100%", []), ("新しい", ["l8"]), ("見本", ["l1", "l10", "l4", "l7"]),
        ):  # fmt: skip
            assert [each["id"] for each in leads.page(conn, q=sought)[0]] == found, sought


def should_be(conn: Connection) -> dict[str, str]:
    """The words of every lead that is somebody, made anew from what is stored."""
    others: dict[str, list[str]] = {}
    for row in conn.execute(select(address_rows)):
        others.setdefault(row.lead, []).append(row.address)
    return {
        row.id: lead_words.words_of(row.id, row.email, others.get(row.id, []), row.name, row.attributes or {})
        for row in conn.execute(select(lead_rows).where(lead_rows.c.status != "erased"))
    }


def test_the_migration_finds_words_for_the_leads_there_are_and_can_be_taken_back(crowd: DeploymentStore) -> None:
    """Down and up again: the old index is back in between, and the words are those that the code writes."""
    with writing(crowd.engine) as conn:
        said = {"id": "l1", "name": "ヤマダ 太郎", "emails": ["b@example.jp", "a@example.jp"]}
        leads.upsert(conn, LeadUpsert.model_validate(said), store=crowd, now=NOW)
        conn.execute(update(lead_rows).where(lead_rows.c.id == "l2").values(status="erased"))
        lead_words.forget(conn, "l2")
    with writing(crowd.engine) as conn:
        _to(conn, command.downgrade, "0013")
        assert "lead_words" not in inspect(conn).get_table_names()
        names = {each["name"] for each in inspect(conn).get_indexes("enrolments")}
        assert "ix_enrolments_scenario" in names
    with writing(crowd.engine) as conn:
        _to(conn, command.upgrade, "0014")
        assert {row.lead: row.words for row in conn.execute(select(word_rows))} == should_be(conn)


ODD = {
    "l0": '{"company": ["甲", "乙"]}', "l1": '{"company": 7}', "l2": '{"company": null}', "l3": "null",
    "l4": '{"company": "%s"}' % ("長" * 300), "l5": '{"company": "見\\u0000本", "note": "a\\\\u0000b\\\\\\u0000c"}',
    "l6": '{"company": {"name": "甲"}}', "l7": '{"company": "half \\ud800", "note": "\\ud83d\\ude00"}',
}  # fmt: skip
"""JSON as it may stand in the column, from releases that let all of it in."""


def test_the_migration_takes_what_early_releases_let_in(crowd: DeploymentStore) -> None:
    """No row makes it fail; NUL and halves of characters, which no text column holds, are left out."""
    sqlite = crowd.engine.dialect.name == "sqlite"
    text_of_json, empty = (":said", "'null'") if sqlite else ("CAST(:said AS JSON)", "CAST('null' AS JSON)")
    with writing(crowd.engine) as conn:
        _to(conn, command.downgrade, "0013")
        for lead, said in ODD.items():
            stored = f"UPDATE leads SET attributes = {text_of_json}, position = {empty} WHERE id = :id"  # noqa: S608
            conn.execute(text(stored), {"id": lead, "said": said})
    with writing(crowd.engine) as conn:
        _to(conn, command.upgrade, "head")
    with reading(crowd.engine) as conn:
        kept = {row.lead: row.words for row in conn.execute(select(word_rows))}
        assert kept == should_be(conn)
        assert '["甲", "乙"]' in kept["l0"]
        assert len(conn.execute(select(company_begins)).all()) == 12
        rows = {row.id: row.attributes for row in conn.execute(select(lead_rows))}
        assert leads.page(conn, 50, hot=True)[0] == []
    assert rows["l5"] == {"company": "見本", "note": "a\\u0000b\\c"}
    assert rows["l7"] == {"company": "half ", "note": "😀"}


def test_the_migration_takes_its_locks_before_it_does_anything(crowd: DeploymentStore) -> None:
    """Else it might lose all its work to a deadlock with somebody who reads, or hold some locks for long in vain."""
    if crowd.engine.dialect.name == "sqlite":
        pytest.skip("whoever writes is alone there")
    seen: list[str] = []
    with writing(crowd.engine) as conn:
        _to(conn, command.downgrade, "0013")
    event.listen(crowd.engine, "before_cursor_execute", lambda *said: seen.append(said[2]))
    with writing(crowd.engine) as conn:
        _to(conn, command.upgrade, "0014")
    first = next(each for each in seen if not each.startswith(("SELECT pg_catalog", "SELECT alembic", "SELECT")))
    assert first.startswith("LOCK TABLE leads, enrolments, handoffs, timeline, addresses, audit")


def _to(conn: Connection, go: Callable[[Config, str], None], revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = conn
    go(config, revision)
