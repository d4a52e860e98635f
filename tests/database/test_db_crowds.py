"""Clicks of scanners that read for many people: recognised with those before them, reversed, and people told."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from adapters.database import handoffs
from adapters.database.clicks import KEPT
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.mail_events import MailEvent
from adapters.database.schema import click_origins, entries, events
from adapters.mail.webhook import parse
from nurture.commands import MakeHandoff
from nurture.definitions import Definitions, Sales
from tests.database.conftest import NOW
from tests.database.mails import Mails

NETWORK = "203.0.113.0/24"
SALES = Definitions(
    sales=Sales.model_validate(
        {
            "reps": [{"rep": "rep_1", "name": "例示", "email": "r@example.com"}],
            "queues": {"inside": {"reps": ["rep_1"]}},
        }
    )
)


@pytest.fixture
def mails(deployed: DeploymentStore) -> Mails:
    """The sample folder, and nobody yet."""
    return Mails(deployed)


def click(mails: Mails, key: str, after: float = 600, **said: Any) -> MailEvent:
    """A click out of the network, long after its mail was delivered."""
    return mails.event(key, "clicked", after=after, **{"url": "https://example.com/a", "network": NETWORK, **said})


def marked(mails: Mails) -> int:
    """How many clicks are known to be a machine's."""
    with reading(mails.engine) as conn:
        return len(conn.execute(select(events.c.id).where(events.c.type == "clicked", events.c.automatic)).all())


def test_rule_8_one_network_that_clicks_for_five_people_is_a_machine_also_before(mails: Mails) -> None:
    """Four counted, one by one; the fifth shows what they were: five are marked, four reversed, their leads told."""
    keys = mails.send(5)
    for key in keys[:4]:
        assert mails.told(click(mails, key)).automatic == 0
        assert [line["automatic"] for line in mails.lines(key, "clicked")] == [False]
    mails.now += timedelta(seconds=1)
    answer = mails.told(click(mails, keys[4], after=629))
    assert (answer.automatic, len(answer.reversed_), marked(mails)) == (1, 4, 5)
    for key in keys[:4]:
        assert [line["automatic"] for line in mails.lines(key, "clicked")] == [True]
        (line,) = mails.lines(key, "reversed")
        assert "one network" in line["reason"]
        assert "its branch stands" in line["reason"]
    with reading(mails.engine) as conn:
        corrected = conn.execute(select(entries.c.lead).where(entries.c.kind == "correction")).scalars().all()
    assert sorted(corrected) == ["m0000", "m0001", "m0002", "m0003"]


def test_rule_8_people_of_one_office_who_click_minutes_apart_are_people(mails: Mails) -> None:
    """Twelve colleagues within an hour."""
    for place, key in enumerate(mails.send(12)):
        mails.told(click(mails, key, after=600 + 300 * place))
    assert marked(mails) == 0


def test_rule_8_the_order_and_the_batches_in_which_clicks_come_never_matter(mails: Mails) -> None:
    """All at once, or from last to first."""
    mails.told(*(click(mails, key) for key in mails.send(6)))
    assert marked(mails) == 6
    for place, key in reversed(list(enumerate(mails.send(6, first=50)))):
        mails.told(click(mails, key, after=4000 + place))
    assert marked(mails) == 12


def test_rule_8_clicks_that_are_told_at_once_to_many_processes_are_seen_together(mails: Mails) -> None:
    """Five batches at the same time, one click each."""
    told = [click(mails, key) for key in mails.send(5)]
    threads = [threading.Thread(target=mails.told, args=(each,)) for each in told]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert marked(mails) == 5


def test_rule_8_a_program_that_says_so_is_a_machine(mails: Mails) -> None:
    """Its name is looked at, and only the known word is kept."""
    (key,) = mails.send(1)
    assert mails.told(click(mails, key, network=None, agent="curl/8.5.0 secret-build")).automatic == 1
    with reading(mails.engine) as conn:
        (properties,) = conn.execute(select(events.c.properties)).scalars()
    assert properties["program"] == "curl/"
    assert "secret" not in str(properties)


def test_a_rep_whose_task_rests_on_such_a_click_gets_a_note(mails: Mails) -> None:
    """The task stays; beside its reasons and on the timeline stands what was reversed. One from before gets none."""
    keys = mails.send(5)
    with writing(mails.engine) as conn:
        for lead, at in (("m0000", NOW), ("m0001", NOW - timedelta(days=3))):
            said = {
                "lead": lead, "handoff": f"{lead}/x/1/to_sales/1", "queue": "inside", "note": "call soon",
                "reasons": ["hot"], "scenario": "x", "enrolment": 1, "step": "to_sales", "visit": 1, "at": at,
                "deployment": 1,
            }  # fmt: skip
            handoffs.make(conn, MakeHandoff.model_validate(said), SALES)
    for key in keys:
        mails.told(click(mails, key))
        mails.lines(key)
    with reading(mails.engine) as conn:
        noted, other = (handoffs.get(conn, f"{lead}/x/1/to_sales/1") for lead in ("m0000", "m0001"))
    assert (noted.state, other.reasons) == ("open", ("hot",))
    assert noted.reasons[0] == "hot"
    assert "was a machine's" in noted.shown()["reasons"][1]
    assert "was a machine's" in mails.lines(keys[0], "note_added")[0]["reason"]


def test_of_where_a_click_came_from_only_its_network_is_kept_and_for_some_days(mails: Mails) -> None:
    """Neither the address nor the program's name is anywhere in the database; after three days nothing is."""
    (key,) = mails.send(1)
    item = {
        "event": "click", "email": "m0000@example.com", "timestamp": int((NOW - timedelta(hours=1)).timestamp()),
        "nurture_send": key, "sg_event_id": "x1", "url": "https://example.com", "ip": "198.51.100.77",
        "useragent": "Mozilla/5.0 (of one person)",
    }  # fmt: skip
    mails.told(*parse(json.dumps([item]).encode()).events)
    with reading(mails.engine) as conn:
        assert conn.execute(select(click_origins.c.network)).scalars().all() == ["198.51.100.0/24"]
        kept = str(conn.execute(select(events)).all()) + str(conn.execute(select(click_origins)).all())
    assert "198.51.100.77" not in kept
    assert "of one person" not in kept
    mails.now += KEPT + timedelta(hours=2)
    mails.told(click(mails, mails.send(1, first=9)[0]))
    with reading(mails.engine) as conn:
        assert conn.execute(select(click_origins.c.lead)).scalars().all() == ["m0009"]
