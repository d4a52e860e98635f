"""A company with two reps, one lead that has done things, and a task about it; every channel can be put in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select

from adapters.clock import Clock
from adapters.database import handoffs, leads, timeline
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.schema import events, tellings
from adapters.sales_channels.port import NotSetUp, SalesChannel
from adapters.sales_channels.telling import Left, Teller
from nurture.commands import MakeHandoff
from nurture.definitions import Channel
from tests.sales.doubles import FakeHubSpot, FakeSlack, Receiver

LEAD = "kari_001"
EMAIL = "kari@example.com"
NAME = "例示 太郎"
TASK = f"{LEAD}/talk/1/to_sales/1"
PUBLIC = "https://nurture.example.co.jp"
START = datetime(2026, 11, 30, 23, 30, tzinfo=UTC)
"""The first of December in Tokyo."""
SALES = """\
reps:
  - {rep: rep_1, name: 営業 一郎, email: rep1@example.co.jp}
  - {rep: rep_2, name: Second Seller, email: rep2@example.co.jp, language: en}
  - {rep: boss, name: 架空 部長, email: boss@example.co.jp}
queues:
  inside: {reps: [rep_1, rep_2], fallback: rep_2%s}
"""
FILES = {
    "sender.yaml": """\
legal_name: 株式会社架空サンプル
postal_address: 見本区架空町1-2-3
contact: info@example.co.jp
from: {name: 見本, email: news@example.co.jp}
time_zone: Asia/Tokyo
window: always
holidays: none
topics: [newsletter]
""",
    "attributes.yaml": "plan: {type: text, axis: behavioural}\n",
    "score.yaml": "behaviours:\n  - {item: demo_request, when: {requested: demo}, points: 50, repeat: once}\n"
    "  - {item: pricing, when: {visited: /pricing}, points: 15, repeat: each, cap: 30}\n",
}


@dataclass
class Company:
    """One lead with one task, and who can be told of it. `now` is moved by hand; nothing waits."""

    engine: Engine
    store: DeploymentStore
    channels: dict[Channel, SalesChannel] = field(default_factory=dict)
    now: datetime = START

    @property
    def teller(self) -> Teller:
        clock = Clock(self.engine, real_now=lambda: self.now)
        return Teller(self.engine, clock, self.store, self.channels, PUBLIC, real_now=lambda: self.now)

    def deploy(self, tell: str | None = None, more: str = "", *, without: tuple[str, ...] = ()) -> None:
        """Let sales.yaml say where its queue tells; None: nothing of it. `without`: the reps who have left."""
        sales = SALES % (f", tell: [{tell}]" if tell is not None else "") + more
        for rep in without:
            sales = sales.replace(f"{{rep: {rep},", f"{{rep: {rep}, active: false,")
        said = {**FILES, "sales.yaml": sales}
        with writing(self.engine) as conn:
            deploy(conn, said, [], by="tests", now=self.now, real_now=self.now)
        self.store.refresh()

    def make(self, task: str = TASK, *, reasons: tuple[str, ...] = ("score total at_least 60",)) -> str:
        """A task about the lead."""
        command = MakeHandoff(
            lead=LEAD, handoff=task, queue="inside", note="call soon", reasons=reasons, scenario="talk", enrolment=1,
            step="to_sales", visit=1, at=self.now, deployment=1,
        )  # fmt: skip
        score = {"total": 65.0, "attributes": 0.0, "behaviours": 65.0, "items": {"demo_request": 50.0, "pricing": 15.0}}
        with writing(self.engine) as conn:
            handoffs.make(conn, command, self.store.current(), score=score)
        return task

    def tell(self, task: str = TASK) -> Left | None:
        """One attempt, as the activity makes it."""
        return self.teller.task(task)

    def tell_until_told(self, task: str = TASK, *, at_most: timedelta = timedelta(hours=1)) -> None:
        """Come again whenever it is due, as Temporal does."""
        end = self.now + at_most
        while (left := self.tell(task)) is not None:
            assert left.wait > timedelta(0)
            self.now += left.wait
            assert self.now < end, left.why

    def rows(self) -> dict[str, str]:
        """How far each channel is."""
        with reading(self.engine) as conn:
            found = conn.execute(select(tellings)).all()
        return {f"{row.channel}/{row.rep}" if row.rep else row.channel: row.state for row in found}

    def lines(self) -> list[tuple[str, str | None, str | None]]:
        """What the timeline says of telling."""
        with reading(self.engine) as conn:
            found = timeline.page(conn, LEAD, 200)[0]
        return [(line["what"], line["subject"], line["reason"]) for line in found if "told" in line["what"]]


def did(company: Company, *deeds: tuple[str, str], automatic: bool = False) -> None:
    """Things that the lead did, an hour apart, the last an hour ago."""
    with writing(company.engine) as conn:
        for number, (kind, subject) in enumerate(deeds):
            at = company.now - timedelta(hours=len(deeds) - number)
            row: Mapping[str, Any] = {
                "event": f"{kind}/{subject}/{automatic}", "lead": LEAD, "type": kind, "subject": subject, "at": at,
                "received_at": at, "automatic": automatic, "filed": True, "properties": {},
            }  # fmt: skip
            conn.execute(insert(events).values(row))


@pytest.fixture
def make_company(database_url: str) -> Iterator[Callable[..., Company]]:
    """Makes a company with its lead; `tell`: what its queue says."""
    engine = open_database(database_url)

    def make(tell: str | None = None, more: str = "", **channels: SalesChannel) -> Company:
        none: dict[Channel, SalesChannel] = {
            "email": NotSetUp("NURTURE_MAIL"), "slack": NotSetUp("NURTURE_SLACK_URL"),
            "webhook": NotSetUp("NURTURE_NOTIFY_URL"), "hubspot": NotSetUp("NURTURE_HUBSPOT_TOKEN"),
            "csv": NotSetUp("NURTURE_HOME"),
        }  # fmt: skip
        company = Company(engine, DeploymentStore(engine), {**none, **channels})  # type: ignore[dict-item]
        company.deploy(tell, more)
        with writing(engine) as conn:
            said = LeadUpsert.model_validate(
                {"id": LEAD, "email": EMAIL, "name": NAME, "attributes": {"company": "架空商事"}}
            )
            leads.upsert(conn, said, store=company.store, now=company.now)
        did(company, ("opened", "news_1"), ("visited", "/pricing"), ("requested", "demo"))
        did(company, ("clicked", "by_a_machine"), automatic=True)
        return company

    yield make
    engine.dispose()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that runs for one test."""
    with Receiver() as running:
        yield running


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    """Slack for one test."""
    with FakeSlack() as running:
        yield running


@pytest.fixture
def hubspot() -> Iterator[FakeHubSpot]:
    """HubSpot for one test."""
    with FakeHubSpot() as running:
        yield running
