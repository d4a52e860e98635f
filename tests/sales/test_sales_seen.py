"""What waits for a channel can be seen by ops, and what channels keep on this machine of a lead goes with it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from temporalio.testing import ActivityEnvironment

from activities.desk import Desk
from activities.erasure import ErasureActivities
from adapters.clock import Clock
from adapters.database import erasures
from adapters.database.engine import reading, writing
from adapters.database.schema import inbox, tellings
from adapters.mail.port import TO_SALES
from adapters.mail.tokens import ConfirmationTokens, UnsubscribeTokens
from adapters.sales_channels.chosen import channels_of
from adapters.sales_channels.csv_file import CsvFile
from adapters.sales_channels.port import Notice, NotTaken
from adapters.sales_channels.slack import Slack
from adapters.settings import Settings
from nurture import protocol
from tests.sales.conftest import EMAIL, LEAD, NAME, PUBLIC, Company
from tests.sales.doubles import FakeSlack
from tests.sales.test_channels import Provider
from tests.web.process import HOST, KEY, client_of
from web.app import make_app

MakeCompany = Callable[..., Company]


async def test_ops_see_which_channel_waits_and_why(make_company: MakeCompany, slack: FakeSlack, tmp_path: Path) -> None:
    """In `checks.sales` of the probe, which stays as ready as it was, and as a gauge for every channel."""
    slack.revoked = True
    company = make_company("slack, csv", slack=Slack(slack.hook), csv=CsvFile(tmp_path / "sales"))
    company.make()
    assert company.tell() is not None
    settings = Settings(home=tmp_path, api_key=SecretStr(KEY), temporal_port=1, public_url=HOST)
    app = make_app(settings, company.engine, store=company.store, clock=Clock(company.engine))
    async with client_of(app, KEY) as client:
        said = (await client.get("/health/ready")).json()["checks"]["sales"]
        assert said.startswith("not told yet: slack: 1 (it answered 404: no_service")
        shown = (await client.get("/metrics")).text
        assert 'nurture_tellings_pending{channel="slack"} 1.0' in shown
        assert 'nurture_tellings_pending{channel="csv"} 0.0' in shown
        slack.revoked = False
        company.tell_until_told()
        assert "sales" not in (await _checks(client))


async def _checks(client: httpx.AsyncClient) -> dict[str, object]:
    found: dict[str, object] = (await client.get("/health/ready")).json()["checks"]
    return found


def test_a_channel_that_is_not_set_up_is_there_and_says_what_it_wants(tmp_path: Path) -> None:
    """Every word of `tell` has its channel, whatever the environment says."""
    bare = channels_of(Settings(home=tmp_path), Provider())
    assert set(bare) == {"email", "slack", "webhook", "hubspot", "csv"}
    assert [name for name, channel in bare.items() if channel.ready] == ["email", "csv"]
    full = Settings(
        home=tmp_path, notify_url="https://crm.example.co.jp/hook", hubspot_token=SecretStr("x"),
        slack_url=SecretStr("https://hooks.slack.com/services/x"),
    )  # fmt: skip
    assert all(channel.ready for channel in channels_of(full, Provider()).values())
    nothing: Notice = None  # type: ignore[assignment]
    with pytest.raises(NotTaken, match="NURTURE_HUBSPOT_TOKEN"):
        bare["hubspot"].deliver(nothing)


def test_an_erasure_takes_the_person_out_of_files_mails_to_reps_and_what_waits(
    make_company: MakeCompany, slack: FakeSlack, tmp_path: Path
) -> None:
    """The line of the file, the mail in the sink, and why a channel did not take it; nobody is told any more."""
    slack.revoked = True
    file = CsvFile(tmp_path / "sales")
    company = make_company("slack, csv", slack=Slack(slack.hook), csv=file)
    company.make()
    assert company.tell() is not None
    (path,) = (tmp_path / "sales").iterdir()
    assert NAME in path.read_text(encoding="utf-8")
    with writing(company.engine) as conn:
        mail = {
            "message": "m", "to": "rep1@example.co.jp", "from_email": "x@example.co.jp", "subject": NAME, "headers": {},
            "text": EMAIL, "html": EMAIL, "links": [], "custom_args": {"nurture_send": f"{TO_SALES}{LEAD}/abc"},
            "at": datetime.now(UTC),
        }  # fmt: skip
        conn.execute(inbox.insert().values(mail))
        erasures.ask(conn, LEAD, by="ops", now=company.now, real_now=company.now)
    desk = Desk(
        engine=company.engine, clock=Clock(company.engine), store=company.store, mailer=Provider(),
        tokens=UnsubscribeTokens(b"k" * 64), confirmations=ConfirmationTokens(b"k" * 64), teller=company.teller,
        public_url=PUBLIC,
    )  # fmt: skip
    ActivityEnvironment().run(ErasureActivities(desk).scrub, protocol.Erase(lead=LEAD))
    assert NAME not in path.read_text(encoding="utf-8")
    with reading(company.engine) as conn:
        assert conn.execute(inbox.select()).all() == []
        rows = conn.execute(tellings.select()).all()
    assert {row.channel: (row.state, row.last_error) for row in rows} == {
        "slack": ("dropped", None), "csv": ("told", None),
    }  # fmt: skip
    assert company.tell() is None
