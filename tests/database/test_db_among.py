"""Looking for many values at once: one parameter, and no row is read that is not wanted."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import Connection, Engine, Select, insert, select, text

from adapters.database.among import among
from adapters.database.engine import reading, writing
from adapters.database.schema import leads

BY_ID = select(leads.c.id).where(among(leads.c.id)).order_by(leads.c.id)


@pytest.fixture
def some(engine: Engine) -> Engine:
    """A database with 300 leads."""
    now = datetime.now(UTC)
    rows = [{"id": f"lead_{number:03}", "language": "ja", "created_at": now} for number in range(300)]
    with writing(engine) as conn:
        conn.execute(insert(leads), rows)
    return engine


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([], []),
        (["lead_007", "nobody", "lead_003", "lead_003"], ["lead_003", "lead_007"]),
        (['"quoted"', "a,b", "{}", "田中"], []),
        ([f"lead_{number:03}" for number in range(3000)], [f"lead_{number:03}" for number in range(300)]),
    ],
)
def test_every_row_with_one_of_the_values_is_found(some: Engine, asked: list[str], found: list[str]) -> None:
    """None, some or thousands of values, whatever is written in them; each row once."""
    with reading(some) as conn:
        assert list(conn.execute(BY_ID, {"of": asked}).scalars()) == found


def test_the_index_of_the_column_is_used(some: Engine) -> None:
    """A list of values is looked up in the index; no plan reads the whole table."""
    with reading(some) as conn:
        plan = plan_of(conn, BY_ID)
    assert "SCAN leads" not in plan
    assert "Seq Scan on leads" not in plan
    assert "index" in plan.lower()


def plan_of(conn: Connection, statement: Select[tuple[str]]) -> str:
    """How the database would go about it."""
    written = str(statement.compile(conn.engine))
    if conn.dialect.name == "sqlite":
        rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {written}", ('["lead_001"]',))
        return "\n".join(row[3] for row in rows)
    conn.execute(text("SET LOCAL enable_seqscan = off"))  # of a table this small it would read all, rightly
    return "\n".join(conn.exec_driver_sql(f"EXPLAIN {written}", {"of": ["lead_001"]}).scalars())
