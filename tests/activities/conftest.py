"""The send activity on a desk of its own: a real database, a real HTTP provider, and a clock that can be set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, Row, insert, select, update
from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.desk import Desk
from activities.mail import MailActivities
from adapters.clock import Clock
from adapters.database import enrolments, leads, numbering, timeline
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import open_database, reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.schema import holds, sends
from adapters.mail.link_tokens import SiteLinks
from adapters.mail.port import Mailer
from adapters.mail.reply_addresses import ReplyAddresses
from adapters.mail.sendgrid import SendGridMailer
from adapters.mail.suppression_lists import SuppressionLists
from adapters.mail.tokens import ConfirmationTokens, UnsubscribeTokens
from adapters.sales_channels.port import NotSetUp
from adapters.sales_channels.telling import Teller
from nurture import protocol
from nurture.commands import SendMail, SendResult
from nurture.records import Line, Position, Record
from nurture.state import State
from tests.mail.fake_provider import FakeProvider

LEAD = "kari_001"
EMAIL = "kari@example.com"
PUBLIC = "http://127.0.0.1:9"
SENDER = """\
legal_name: 株式会社架空サンプル
postal_address: 見本区架空町1-2-3
contact: info@example.co.jp
from: {name: 見本, email: news@example.co.jp}
time_zone: Asia/Tokyo
window: always
holidays: none
topics: [newsletter, seminars]
"""
SCENARIO = """\
scenario: invite
language: ja
topic: newsletter
start: first
steps:
  first:
    send: news
    wait: {until: [opened], timeout: 5d}
    then: done
  done: {finish: done}
"""
NEWS = """\
---
subject: お知らせ
preheader: はじめに
---
{{ lead.name | default('お客様') }}様

[詳しく]({{ link('/news') }})
"""


def files(*, sender: str = SENDER, news: str = NEWS) -> dict[str, str]:
    """A folder with one scenario that sends one mail."""
    return {
        "scenario.yaml": SCENARIO,
        "sender.yaml": sender,
        "attributes.yaml": "plan: {type: text, axis: behavioural}\n",
        "templates/news.ja.md": news,
    }


@dataclass
class SendDesk:
    """One lead that walks one scenario, and what its mail can meet. `ahead`: how far the clock is from real time."""

    engine: Engine
    provider: FakeProvider
    store: DeploymentStore
    settles: bool = False
    ahead: timedelta = timedelta(0)
    environment: ActivityEnvironment = field(default_factory=ActivityEnvironment)
    timeout: timedelta = timedelta(seconds=0.4)
    replies: ReplyAddresses | None = None
    mailer: Mailer | None = None
    """Instead of the provider, for tests of thousands of attempts."""
    meter: MetricMeter = MetricMeter.noop
    links: SiteLinks | None = None

    def now(self) -> datetime:
        """What nurture's clock shows."""
        return datetime.now(UTC) + self.ahead

    @property
    def activities(self) -> MailActivities:
        return MailActivities(self.desk)

    @property
    def desk(self) -> Desk:
        clock = Clock(self.engine, real_now=self.now)
        return Desk(
            engine=self.engine,
            clock=clock,
            store=self.store,
            mailer=self.mailer
            or SendGridMailer(
                api_key="no-key",
                host=self.provider.host,
                timeout=self.timeout,
                lookups_are_complete=self.settles,
            ),
            tokens=UnsubscribeTokens(b"k" * 64),
            confirmations=ConfirmationTokens(b"k" * 64),
            teller=Teller(self.engine, clock, self.store, {"webhook": NotSetUp("NURTURE_NOTIFY_URL")}, PUBLIC),
            public_url=PUBLIC,
            replies=self.replies,
            links=self.links,
            lists=SuppressionLists(api_key="no-key", host=self.provider.host, page=2),
            meter=self.meter,
        )

    def command(self, **changed: Any) -> SendMail:
        """The order for the mail of the first visit, or another one."""
        said = {
            "lead": LEAD, "scenario": "invite", "enrolment": 1, "step": "first", "visit": 1, "issue": 1,
            "template": "news", "language": "ja", "topic": "newsletter", "deployment": 1, "slot": self.now(),
        }  # fmt: skip
        said.update(changed)
        key = f"{said['lead']}/{said['scenario']}/{said['enrolment']}/{said['step']}/{said['visit']}"
        return SendMail.model_validate({"key": key, **said})

    def send(
        self, command: SendMail | None = None, *, record: Record | None = None, age: timedelta = timedelta(0)
    ) -> SendResult:
        """Run one attempt, as Temporal would; `age`: how long ago Temporal began it."""
        started = datetime.now(UTC) - age
        self.environment.info = replace(self.environment.info, started_time=started)
        records = (record,) if record is not None else ()
        order = protocol.Order(command=command or self.command(), records=records)
        result: SendResult = self.environment.run(self.activities.send_mail, order)
        return result

    def held(self, command: SendMail | None = None, **given: Any) -> ApplicationError:
        """Run one attempt that must be tried again; the error says when and why."""
        with pytest.raises(ApplicationError) as raised:
            self.send(command, **given)
        assert not raised.value.non_retryable
        assert raised.value.next_retry_delay is not None
        assert raised.value.next_retry_delay > timedelta(0)
        return raised.value

    # --- what the database says -------------------------------------------------------------------------------------

    def row(self, key: str | None = None) -> Row[Any]:
        """The ledger's row of a send."""
        with reading(self.engine) as conn:
            return conn.execute(select(sends).where(sends.c.key == (key or self.command().key))).one()

    def rows(self) -> int:
        """How many rows the ledger has."""
        with reading(self.engine) as conn:
            return len(conn.execute(select(sends.c.key)).all())

    def lines(self, what: str | None = None) -> list[dict[str, Any]]:
        """The lead's timeline, or only the lines that say this."""
        with reading(self.engine) as conn:
            found = timeline.page(conn, LEAD, 200)[0]
        return [line for line in found if what in (None, line["what"])]

    def taken(self) -> int:
        """How many mails the provider took."""
        return len(self.provider.taken)

    # --- what happens meanwhile -------------------------------------------------------------------------------------

    def left_in_flight(self, *, ago: timedelta = timedelta(seconds=30)) -> None:
        """An earlier attempt wrote its row and died."""
        command = self.command()
        with writing(self.engine) as conn:
            conn.execute(
                insert(sends).values(
                    **command.model_dump(exclude={"command", "issue", "language"}),
                    state="in_flight",
                    attempted_at=self.now() - ago,
                    cancelled_issue=0,
                )
            )

    def change(self, key: str | None = None, **values: object) -> None:
        """Change a row of the ledger behind the activity's back."""
        with writing(self.engine) as conn:
            conn.execute(update(sends).where(sends.c.key == (key or self.command().key)).values(values))

    def deploy(self, **changed: str) -> None:
        """Deploy other files."""
        with writing(self.engine) as conn:
            deploy(conn, files(**changed), [], by="tests", now=self.now(), real_now=self.now())
        self.store.refresh()

    def upsert(self, **said: Any) -> None:
        """What `POST /api/leads` does."""
        with writing(self.engine) as conn:
            leads.upsert(conn, LeadUpsert.model_validate({"id": LEAD, **said}), store=self.store, now=self.now())

    def trouble_is_over(self) -> None:
        """The time for which all mail is held has passed."""
        with writing(self.engine) as conn:
            conn.execute(update(holds).values(until_real=datetime.now(UTC) - timedelta(seconds=1)))

    def file_events(self) -> None:
        """What the relay does with events: number them, put them on the timeline."""
        with writing(self.engine) as conn:
            numbering.file_events(conn, LEAD, self.store)


def record_of(desk: SendDesk, *lines: str, **said: Any) -> Record:
    """What the workflow decided when it ordered the mail."""
    told = [Line(at=desk.now(), kind="decision", what=what) for what in lines]
    asked = (desk.command(), desk.command(issue=2))
    state = State(lead=LEAD, seq=2, records=1, unanswered=asked)
    return Record.model_validate(
        {"lead": LEAD, "number": 1, "state": state, "position": Position(), "lines": told, **said}
    )


@pytest.fixture
def provider() -> Iterator[FakeProvider]:
    """A provider that runs for one test."""
    with FakeProvider(stall_for=timedelta(seconds=2)) as running:
        yield running


@pytest.fixture
def make_desk(database_url: str, provider: FakeProvider) -> Iterator[Callable[..., SendDesk]]:
    """Makes a desk on which one lead with consent walks the scenario; `consented` False: it never agreed."""
    engine = open_database(database_url)

    def make(*, consented: bool = True, sender: str = SENDER, news: str = NEWS, **given: Any) -> SendDesk:
        desk = SendDesk(engine, provider, DeploymentStore(engine), **given)
        desk.deploy(sender=sender, news=news)
        consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "test"}
        desk.upsert(email=EMAIL, name="例示 太郎", **({"consent": consent} if consented else {}))
        scenario = desk.store.current().scenarios["invite"]
        with writing(engine) as conn:
            enrolments.decide(conn, LEAD, scenario, deployment=1, now=desk.now())
        return desk

    yield make
    engine.dispose()


@pytest.fixture
def desk(make_desk: Callable[..., SendDesk]) -> SendDesk:
    """A desk whose provider does not settle, as SendGrid."""
    return make_desk()
