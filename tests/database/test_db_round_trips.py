"""How often the database is asked does not grow with how much there is to do: what speed rests on, without a clock."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import pytest
from sqlalchemy import Connection, Engine, event, insert, select

from adapters.database import leads, numbering
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.mail_events import MailEvent, accept_mail
from adapters.database.schema import enrolments, entries, sends, timeline
from tests.database.conftest import NOW


@pytest.fixture
def engine_with_leads(engine: Engine, deployed: DeploymentStore) -> Engine:
    """The sample folder, and 60 leads with a mail each."""
    with writing(engine) as conn:
        for lead in names(60):
            said = {"id": lead, "email": f"{lead}@example.com", "name": lead}
            leads.upsert(conn, LeadUpsert.model_validate(said), store=deployed, now=NOW)
        conn.execute(insert(sends), [sent(lead) for lead in names(60)])
    return engine


def names(count: int) -> list[str]:
    """So many leads."""
    return [f"lead_{number:02}" for number in range(count)]


FEW_AND_MANY = (names(60)[:1], names(60)[1:2], names(60)[2:52])


def sent(lead: str) -> dict[str, object]:
    """The row of a mail that was accepted."""
    return {
        "key": f"{lead}/seminar_to_demo/1/newsletter/1", "lead": lead, "scenario": "seminar_to_demo", "enrolment": 1,
        "step": "newsletter", "visit": 1, "template": "newsletter_01", "deployment": 1, "state": "accepted",
        "attempted_at": NOW, "accepted_at": NOW,
    }  # fmt: skip


def told(kind: str, several: Sequence[str]) -> list[MailEvent]:
    """One event of each lead's mail."""
    return [
        MailEvent(
            id=f"{kind}/{lead}", send=f"{lead}/seminar_to_demo/1/newsletter/1", type=kind, at=NOW,
            address=f"{lead}@example.com", url="https://example.com/x" if kind == "clicked" else None,
        )
        for lead in several
    ]  # fmt: skip


@contextmanager
def counted(engine: Engine) -> Iterator[list[str]]:
    """The statements that are sent meanwhile; one with many rows is one."""
    seen: list[str] = []

    def see(conn: Connection, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", see)
    yield seen
    event.remove(engine, "before_cursor_execute", see)


def test_a_batch_of_mail_events_takes_as_many_statements_as_one(
    engine_with_leads: Engine, deployed: DeploymentStore
) -> None:
    """One event or fifty of different leads: they are looked up, stored and judged together."""
    counts = []
    for several in FEW_AND_MANY:
        with counted(engine_with_leads) as seen, writing(engine_with_leads) as conn:
            answer = accept_mail(conn, told("clicked", several), NOW, deployed.current().sender)
        assert answer.accepted == len(several)
        counts.append(len(seen))
    assert counts[1] == counts[2], "but for what the first one needs to begin with"


def test_numbering_many_leads_takes_as_many_statements_as_one(
    engine_with_leads: Engine, deployed: DeploymentStore
) -> None:
    """The relay files the events of one lead or of fifty in the same statements, each lead with numbers of its own."""
    with writing(engine_with_leads) as conn:
        accept_mail(conn, told("opened", names(60)), NOW, deployed.current().sender)
        accept_mail(conn, told("replied", names(60)), NOW, deployed.current().sender)
    counts = []
    for several in FEW_AND_MANY:
        with counted(engine_with_leads) as seen, writing(engine_with_leads) as conn:
            assert numbering.file_all(conn, several, deployed) == 2 * len(several)
        counts.append(len(seen))
    assert counts[1] == counts[2], "but for what the first one needs to begin with"
    with reading(engine_with_leads) as conn:
        for lead in names(60)[:52]:
            numbers = conn.execute(select(entries.c.seq).where(entries.c.lead == lead).order_by(entries.c.seq))
            assert list(numbers.scalars()) == [1, 2, 3], "a profile and two events"
            lines = conn.execute(select(timeline.c.what).where(timeline.c.lead == lead, timeline.c.kind == "event"))
            assert sorted(lines.scalars()) == ["opened", "replied"]


def test_leads_that_enter_by_an_event_are_numbered_beside_those_that_do_not(
    engine_with_leads: Engine,
    deployed: DeploymentStore,
    deploy_again: Callable[[Mapping[str, str]], int],
    files: dict[str, str],
) -> None:
    """Filed together, one lead's event opens a scenario and is followed by its enrolment; the other's is an event."""
    entering = (
        "scenario: replies\nlanguage: ja\nenter: {event: replied}\nstart: done\nsteps:\n  done: {finish: heard}\n"
    )
    assert callable(deploy_again)
    deploy_again({**files, "replies.yaml": entering})
    deployed.refresh()
    with writing(engine_with_leads) as conn:
        accept_mail(conn, [*told("replied", ["lead_01"]), *told("opened", ["lead_00", "lead_01"])], NOW, None)
        assert numbering.file_all(conn, ["lead_01", "lead_00"], deployed) == 3
        kinds = {
            lead: list(
                conn.execute(select(entries.c.kind).where(entries.c.lead == lead).order_by(entries.c.seq)).scalars()
            )
            for lead in ("lead_00", "lead_01")
        }
        entered = conn.execute(select(enrolments.c.lead, enrolments.c.scenario)).all()
    assert kinds == {"lead_00": ["profile", "event"], "lead_01": ["profile", "event", "enrolment", "event"]}
    assert [tuple(row) for row in entered] == [("lead_01", "replies")]
