"""A condition asked of the database means what it means for one lead: the core is the measure, SQL is measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, insert, select

from adapters.database.engine import open_database
from adapters.database.matching import matching
from adapters.database.members import fitting
from adapters.database.schema import events, leads
from nurture.facts import gathered
from nurture.membership import Membership
from tests.database.conftest import NOW
from tests.database.random_members import CONDITION, KNOWN, SomeLead, conditions, definitions, some_leads
from tests.databases import Databases


@pytest.fixture(scope="module")
def shared(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """A database in which nothing is ever committed."""
    opened = open_database(databases.fresh(tmp_path_factory.mktemp("matching")))
    yield opened
    opened.dispose()


def store(conn: Connection, several: Sequence[SomeLead]) -> None:
    """Write the leads `lead_0` and on."""
    rows = [
        {"id": f"lead_{number}", "language": "ja", "attributes": each.attributes, "created_at": NOW,
         "position": {} if each.hot is None else {"hot": each.hot}}
        for number, each in enumerate(several)
    ]  # fmt: skip
    conn.execute(insert(leads), rows)
    told = [
        {"event": f"{lead}/{place}", "lead": f"lead_{lead}", "type": each.type, "subject": each.subject, "at": each.at,
         "received_at": each.received_at, "send": each.send and f"{lead}/{each.send}", "automatic": each.automatic,
         "reversed_at": each.reversed_at, "filed": True}
        for lead, some in enumerate(several) for place, each in enumerate(some.events)
    ]  # fmt: skip
    if told:
        conn.execute(insert(events), told)


def fits(asked: Membership, lead: SomeLead, known: datetime | None = None) -> bool:
    """What the core says, of all that is known of the lead; events of one instant in the order they were told."""
    counting = sorted((each for each in lead.events if each.counts(known)), key=lambda each: each.at)
    facts = gathered(asked.wanted, ((each.type, each.subject, each.send, each.at) for each in counting))
    stored = json.loads(json.dumps(lead.attributes))
    return asked.fits(stored, facts, NOW, hot=bool(lead.hot))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(
    several=st.lists(some_leads, min_size=3, max_size=8), written=st.lists(conditions, min_size=1, max_size=4),
    second=conditions, third=conditions, known=st.sampled_from([None, None, KNOWN]),
)  # fmt: skip
def test_sql_and_the_core_agree_about_any_lead_and_any_condition(
    shared: Engine, several: list[SomeLead], written: list[Any], second: Any, third: Any, known: datetime | None
) -> None:
    """Who fits for sure fits, who fits may fit, and whoever is found is exactly who fits."""
    under = definitions(second, third)
    with shared.connect() as conn:
        store(conn, several)
        for each in written:
            asked = Membership.of(CONDITION.validate_python(each), under)
            wanted = [f"lead_{number}" for number, lead in enumerate(several) if fits(asked, lead, known)]
            match = matching(asked, NOW, conn.dialect.name, known=known)
            sure, maybe = (
                set(conn.execute(select(leads.c.id).where(test)).scalars()) for test in (match.sure, match.maybe)
            )
            assert sure <= set(wanted) <= maybe, each
            assert fitting(conn, asked, NOW, known=known) == wanted, each
            assert fitting(conn, asked, NOW, known=known, among=["lead_1", "lead_0", "nobody"]) == [
                lead for lead in wanted if lead in ("lead_0", "lead_1")
            ]
        conn.rollback()
