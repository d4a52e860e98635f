"""Asking a provider to forget an address, over real HTTP: what was taken, what is asked again, what will never be."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from adapters.database.engine import open_database, reading
from adapters.database.schema import inbox, webhook_outbox
from adapters.mail.port import Accepted, Held, Refused
from adapters.mail.sendgrid import SendGridMailer
from tests.mail.fake_provider import FakeProvider, Fault
from tests.mail.test_sendgrid import mailer
from tests.mail.test_sink import MAIL, Web

ADDRESS = "taro@example.com"


def test_the_provider_starts_a_job_for_the_one_address(provider: FakeProvider) -> None:
    """Its id is kept, so that people can ask the provider about it."""
    answer = mailer(provider).erase([ADDRESS])
    assert isinstance(answer, Accepted)
    assert answer.message_id
    assert provider.erased == [ADDRESS]
    assert provider.authorizations == ["Bearer SG.secret-key"]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_trouble_that_passes_is_tried_again(provider: FakeProvider, status: int) -> None:
    """Nothing was taken; where the provider says when to come back, that is heeded."""
    provider.fail_next(Fault(status=status, reset_after=timedelta(seconds=30)))
    answer = mailer(provider).erase([ADDRESS])
    assert isinstance(answer, Held)
    assert not answer.alert
    assert (answer.retry_after is not None) == (status == 429)


@pytest.mark.parametrize("status", [401, 403])
def test_a_key_without_the_right_is_told_and_tried_again(provider: FakeProvider, status: int) -> None:
    """A person can mend it; the scope that is lacking is named."""
    provider.fail_next(Fault(status=status))
    answer = mailer(provider).erase([ADDRESS])
    assert isinstance(answer, Held)
    assert answer.alert
    assert "recipients.erasejob.create" in answer.reason


@pytest.mark.parametrize("status", [400, 404, 405, 413])
def test_what_will_never_be_taken_is_not_tried_again(provider: FakeProvider, status: int) -> None:
    """With the provider's own words."""
    provider.fail_next(Fault(status=status))
    answer = mailer(provider).erase([ADDRESS])
    assert isinstance(answer, Refused)
    assert answer.reason.startswith(f"{status}: made to fail")


@pytest.mark.parametrize("kind", ["drop", "drop_untaken"])
def test_a_lost_answer_is_asked_for_again(provider: FakeProvider, kind: str) -> None:
    """Another job finds nothing more to delete: asking twice does no harm."""
    provider.fail_next(Fault.named(kind))
    answer = mailer(provider).erase([ADDRESS])
    assert isinstance(answer, Held)
    assert ADDRESS not in answer.reason


def test_a_provider_that_is_not_there_is_asked_again() -> None:
    """Nobody listens at the host."""
    assert isinstance(SendGridMailer(api_key="k", host="http://127.0.0.1:1").erase([ADDRESS]), Held)


def test_the_built_in_sink_deletes_the_mails_and_what_is_still_to_be_told(database_url: str, tmp_path: Path) -> None:
    """Of this address, in whatever case it is asked for; the others' stay. Without its key it does nothing."""
    engine = open_database(database_url)
    web = Web(engine, tmp_path, told=False)
    web.start()
    try:
        web.send(MAIL)
        stranger = SendGridMailer(api_key="no", host=web.settings.sendgrid_host).erase([MAIL.to])
        assert isinstance(stranger, Held)
        assert isinstance(web.mailer.erase(["other@example.com"]), Accepted)
        counted = (select(func.count()).select_from(inbox), select(func.count()).select_from(webhook_outbox))
        with reading(engine) as conn:
            assert all(conn.execute(each).scalar() for each in counted)
        assert isinstance(web.mailer.erase([MAIL.to.upper()]), Accepted)
        with reading(engine) as conn:
            assert [conn.execute(each).scalar() for each in counted] == [0, 0]
    finally:
        web.stop()
        engine.dispose()
