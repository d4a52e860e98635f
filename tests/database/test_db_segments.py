"""Who is in a segment, counted and listed: all leads, a stretch at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, update

from adapters.database.engine import reading, writing
from adapters.database.members import STRETCH, members
from adapters.database.schema import events, leads
from adapters.database.segments import known_of, page, tally
from nurture.definitions import Definitions, Score
from nurture.membership import Membership
from tests.database.conftest import NOW
from tests.database.random_members import CONDITION

MANY = 2 * STRETCH + 5
SCORE = Score.model_validate(
    {"attributes": [{"item": "big", "when": {"attribute": "n", "at_least": 20_000}, "points": 9}]}
)


def asking(written: Any) -> Membership:
    """A condition as people write it."""
    return Membership.of(CONDITION.validate_python(written), Definitions(score=SCORE))


@pytest.fixture
def many(engine: Engine) -> Engine:
    """A few more leads than two stretches, one of them erased; each third visited us a day ago."""
    with writing(engine) as conn:
        rows = [
            {"id": f"{number:06}", "language": "ja", "attributes": {"n": number}, "created_at": NOW, "position": {}}
            for number in range(MANY)
        ]
        conn.execute(insert(leads), rows)
        conn.execute(update(leads).where(leads.c.id == "000003").values(status="erased"))
        at = NOW - timedelta(days=1)
        told = [
            {"event": row["id"], "lead": row["id"], "type": "visited", "subject": "/", "at": at, "received_at": at,
             "filed": True}
            for row in rows[::3]
        ]  # fmt: skip
        conn.execute(insert(events), told)
    return engine


def test_all_leads_are_counted_once_whether_sql_decides_or_the_core(many: Engine) -> None:
    """The erased one is none; a score is judged one by one, and only where the rest of the condition lets it matter."""
    with reading(many) as conn:
        asked = [
            asking({"attribute": "n", "at_least": 3}),
            asking({"did": {"visited": "any"}}),
            asking({"attribute": "nothing", "known": True}),
            asking({"all": [{"attribute": "n", "at_least": 19_990}, {"score": "total", "at_least": 5}]}),
        ]
        counted = tally(conn, asked, NOW)
        assert counted.leads == MANY - 1
        assert counted.fitting == (MANY - 4, len(range(0, MANY, 3)) - 1, 0, MANY - 20_000)


def test_pages_follow_each_other_across_stretches(many: Engine) -> None:
    """Each lead once, in the order of ids."""
    asked, found, cursor = asking({"did": {"visited": "any"}}), list[str](), None
    with reading(many) as conn:
        while True:
            items, cursor = page(conn, asked, NOW, 1000, cursor)
            found += [each["id"] for each in items]
            if cursor is None:
                break
        assert found == [f"{number:06}" for number in range(0, MANY, 3) if number != 3]
        assert [lead for lead, _ in known_of(conn, asked, NOW, after=found[-2])] == found[-1:]


def test_whoever_waits_hears_of_every_stretch(many: Engine) -> None:
    """So a heartbeat goes on, and a bar moves, although nobody fits."""
    heard: list[int] = []
    with reading(many) as conn:
        several = list(members(conn, asking({"attribute": "n", "is": "x"}), NOW, alive=lambda: heard.append(1)))
    assert several == [[], [], []]
    assert len(heard) == 3


def test_without_leads_there_is_nothing_to_count(engine: Engine) -> None:
    """Neither fails."""
    with reading(engine) as conn:
        assert tally(conn, [asking({"hot": True})], NOW).fitting == (0,)
        assert page(conn, asking({"hot": True}), NOW) == ([], None)
