"""The mail that asks for a consent once more: whom it may reach, what is in it, and that it goes once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from temporalio.exceptions import ApplicationError

from activities.confirmation import ConfirmationActivities
from adapters.database import confirmations, consents, deployments, sends
from adapters.database.engine import reading, writing
from adapters.database.mail_events import MailEvent, accept_mail
from adapters.database.schema import confirmations as requests
from adapters.database.schema import events
from adapters.mail.tokens import Confirmation, ConfirmationTokens
from nurture import protocol
from nurture.commands import SendResult
from tests.activities.conftest import EMAIL, LEAD, PUBLIC, SENDER, SendDesk, files
from tests.mail.fake_provider import Fault

FORMS = """\
letter:
  event: {signed_up: letter}
  fields: {email: required}
  topic: newsletter
  consent: {version: ja_1, text: メールをお送りすることに同意します。}
  confirm: confirm
"""
MAIL = "---\nsubject: ご登録の確認\n---\n[登録を確認する]({{ confirm_link }})\n"
KEY = f"{LEAD}/letter/0/confirm/1"
CAPPED = (
    SENDER.replace("window: always", 'window: {days: [sun], from: "03:00", to: "03:01"}') + "cap: {mails: 1, per: 7d}\n"
)


@pytest.fixture
def desk(make_desk: Callable[..., SendDesk]) -> SendDesk:
    """A desk with a lead that never agreed, has filled in the form, and could get no other mail now."""
    desk = make_desk(consented=False)
    deploy(desk)
    ask(desk)
    return desk


def deploy(desk: SendDesk, mail: str = MAIL) -> None:
    """Deploy the form and its mail."""
    with writing(desk.engine) as conn:
        told = {**files(sender=CAPPED), "forms.yaml": FORMS, "templates/confirm.ja.md": mail}
        deployments.deploy(conn, told, [], by="tests", now=desk.now(), real_now=desk.now())
    desk.store.refresh()


def ask(desk: SendDesk) -> None:
    """What posting the form does."""
    with writing(desk.engine) as conn:
        form = desk.store.current().forms["letter"]
        moment = confirmations.Asking(desk.now(), datetime.now(UTC))
        confirmations.ask(conn, LEAD, "letter", form, address=EMAIL, moment=moment)


def send(desk: SendDesk) -> SendResult:
    """Run one attempt, as Temporal would."""
    with reading(desk.engine) as conn:
        number = conn.execute(select(requests.c.id)).scalar_one()
    desk.environment.info = replace(desk.environment.info, started_time=datetime.now(UTC))
    activities = ConfirmationActivities(desk.activities._desk)
    result: SendResult = desk.environment.run(activities.send_confirmation, protocol.Confirm(request=number))
    return result


def ended(desk: SendDesk) -> bool:
    """True if the mail went, or never will."""
    with reading(desk.engine) as conn:
        return conn.execute(select(requests.c.ended_real)).scalar_one() is not None


def test_the_mail_goes_without_consent_outside_the_window_and_above_the_cap(desk: SendDesk) -> None:
    """The person asked for it just now. It shows the link of this very request, and is not followed."""
    assert send(desk).outcome == "accepted"
    (taken,) = desk.provider.requests
    assert taken["personalizations"][0]["custom_args"] == {"nurture_send": KEY}
    assert taken["tracking_settings"]["open_tracking"] == {"enable": False}
    assert taken["tracking_settings"]["click_tracking"]["enable"] is False
    (token,) = set(re.findall(rf"{PUBLIC}/c/([\w-]+)", taken["content"][1]["value"]))
    with reading(desk.engine) as conn:
        row = conn.execute(select(requests)).one()
    assert ConfirmationTokens(b"k" * 64).read(token) == Confirmation(row.id, row.until)
    assert row.ended_real is not None
    assert desk.row(KEY).state == "accepted"
    assert [(line["kind"], line["subject"], line["step"]) for line in desk.lines("accepted")] == [
        ("send", "confirm", None)
    ]


def test_the_mail_goes_once_however_often_it_is_attempted(desk: SendDesk) -> None:
    """Its key is that of the request, and the ledger has one row for it."""
    assert [send(desk).outcome for _ in range(3)] == ["accepted"] * 3
    assert desk.taken() == 1


def test_a_lost_answer_is_not_sent_again(desk: SendDesk) -> None:
    """The provider took it and no answer came: `unknown`, for good."""
    desk.provider.fail_next(Fault("drop"))
    assert [send(desk).outcome for _ in range(2)] == ["unknown", "unknown"]
    assert desk.taken() == 1
    assert ended(desk)


def test_a_provider_that_cannot_take_it_now_gets_it_later(desk: SendDesk) -> None:
    """A 503 is tried again, and nothing is lost meanwhile."""
    desk.provider.fail_next(Fault(status=503))
    with pytest.raises(ApplicationError) as raised:
        send(desk)
    assert not raised.value.non_retryable
    assert not ended(desk)
    desk.trouble_is_over()
    assert send(desk).outcome == "accepted"
    assert desk.taken() == 1


@pytest.mark.parametrize("reason", ["bounced", "spam_reported", "manual"])
def test_a_shut_address_gets_no_such_mail(desk: SendDesk, reason: consents.SuppressionReason) -> None:
    """A dead mailbox, a complaint and a decision of ops are not asked about again; the timeline says so."""
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL, consents.ALL, reason, at=desk.now())
    result = send(desk)
    assert (result.outcome, result.reason) == ("refused", f"suppressed: {reason}")
    assert (desk.taken(), ended(desk)) == (0, True)
    assert [line["reason"] for line in desk.lines("refused")] == [f"suppressed: {reason}"]


@pytest.mark.parametrize("reason", ["unsubscribed", "one_click"])
def test_who_unsubscribed_is_asked_whether_to_take_it_back(desk: SendDesk, reason: consents.SuppressionReason) -> None:
    """The person came back by itself, or nobody presses the button."""
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL, consents.ALL, reason, at=desk.now())
    assert send(desk).outcome == "accepted"


def test_an_address_that_changed_gets_no_mail_meant_for_another(desk: SendDesk) -> None:
    """What was asked at one mailbox is not asked at the next."""
    desk.upsert(email="other@example.com")
    assert send(desk).reason == "the address has changed since it was asked for"
    assert desk.taken() == 0


def test_a_request_that_ran_out_before_its_mail_went_ends(desk: SendDesk) -> None:
    """A link that no longer works is not sent."""
    with writing(desk.engine) as conn:
        conn.execute(update(requests).values(until=desk.now() - timedelta(seconds=1)))
    assert send(desk).reason == "it was asked for too long ago"
    assert (desk.taken(), ended(desk)) == (0, True)


def test_a_mail_that_cannot_be_made_goes_after_the_deploy_that_mends_it(desk: SendDesk) -> None:
    """It is held with the reason on the timeline, told once."""
    deploy(desk, mail=MAIL.replace("登録を", "{{ lead.attributes.plan }}"))
    for _ in range(2):
        with pytest.raises(ApplicationError, match="no value for"):
            send(desk)
    assert len(desk.lines("held")) == 1
    deploy(desk)
    assert send(desk).outcome == "accepted"


def test_such_a_mail_counts_towards_no_cap_and_its_opens_are_not_kept(desk: SendDesk) -> None:
    """Who has not agreed yet is not followed; a bounce is heard."""
    send(desk)
    with reading(desk.engine) as conn:
        assert sends._recent(conn, desk.command(), desk.store.current(), desk.now()) == []
    told = [
        MailEvent(id=kind, send=KEY, type=kind, at=desk.now(), address=EMAIL, suppresses=suppresses)
        for kind, suppresses in (("opened", None), ("clicked", None), ("bounced", "all"))
    ]
    with writing(desk.engine) as conn:
        answer = accept_mail(conn, told, desk.now(), desk.store.current().sender)
        assert (answer.accepted, answer.ignored) == (1, 2)
        heard = conn.execute(select(events.c.type).where(events.c.filed.is_(False))).scalars().all()
        assert heard == ["bounced"]
        assert consents.undeliverable(conn, EMAIL, "newsletter") == "bounced"
