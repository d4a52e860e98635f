"""What the send activity does while mail is stopped: it waits, says so once, and goes on where it was let go."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert
from temporalio.exceptions import ApplicationError

from activities.mail import FIRST_LOOK, LAST_LOOK, patience
from adapters.database import consents, sends
from adapters.database.engine import writing
from adapters.database.schema import mail_stops
from nurture import protocol
from tests.activities.conftest import EMAIL, SENDER, SendDesk, record_of
from tests.mail.fake_provider import Fault

Making = Callable[..., SendDesk]


def stop(desk: SendDesk, scope: str, name: str = "", **said: Any) -> None:
    """Something is stopped."""
    row = {"scope": scope, "name": name, "state": "stopped", "since": desk.now(), "until": None, "times": 0}
    with writing(desk.engine) as conn:
        conn.execute(insert(mail_stops).values({**row, "reason": "6 of 100 mails: 6.00 %", **said}))


def resume(desk: SendDesk) -> None:
    """Nothing is stopped any more."""
    with writing(desk.engine) as conn:
        conn.execute(delete(mail_stops))


@pytest.mark.parametrize(("scope", "name"), [("all", ""), ("scenario", "invite"), ("domain", "example.com")])
def test_a_stopped_mail_waits_says_so_once_and_goes_when_it_is_resumed(desk: SendDesk, scope: str, name: str) -> None:
    """Three attempts, one line on the timeline; nobody is refused, and the mail goes after all."""
    stop(desk, scope, name)
    for _ in range(3):
        assert "is stopped" in str(desk.held())
    assert (desk.taken(), desk.row().state) == (0, "held")
    (line,) = desk.lines("held")
    assert "6 of 100 mails" in line["reason"]
    resume(desk)
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1


@pytest.mark.parametrize(("scope", "name"), [("all", ""), ("domain", "example.com")])
def test_a_stopped_mail_that_may_wait_elsewhere_leaves_the_queue_of_mail_at_once(
    desk: SendDesk, scope: str, name: str
) -> None:
    """One line on the timeline; whoever asks is told when it may be tried again, and then it goes."""
    stop(desk, scope, name)
    order = protocol.Order(command=desk.command(), aside=True)
    with pytest.raises(ApplicationError) as gone:
        desk.environment.run(desk.activities.send_mail, order)
    assert (gone.value.type, gone.value.non_retryable) == (protocol.STOPPED, True)
    for _ in range(2):
        with pytest.raises(ApplicationError) as waits:
            desk.environment.run(desk.activities.await_mail, order)
        assert (waits.value.non_retryable, waits.value.next_retry_delay) == (False, FIRST_LOOK)
    assert (len(desk.lines("held")), desk.row().state) == (1, "held")
    resume(desk)
    desk.environment.run(desk.activities.await_mail, order)
    assert desk.taken() == 0, "to look is not to send"
    assert desk.send().outcome == "accepted"


@pytest.mark.parametrize(("scope", "name"), [("scenario", "other"), ("domain", "example.org")])
def test_what_is_stopped_elsewhere_keeps_no_mail(desk: SendDesk, scope: str, name: str) -> None:
    """Another scenario, another domain; a warning, a rest that is over."""
    stop(desk, scope, name)
    stop(desk, "all", state="warned")
    stop(desk, "domain", "example.com", until=desk.now() - timedelta(seconds=1))
    assert desk.send().outcome == "accepted"


def test_a_stop_that_comes_while_the_provider_is_away_is_told_too(desk: SendDesk) -> None:
    """Two reasons, one after the other, two lines."""
    desk.provider.fail_next(Fault(status=503))
    desk.held()
    desk.trouble_is_over()
    stop(desk, "all")
    desk.held()
    desk.held()
    assert len(desk.lines("held")) == 2


def test_a_stop_and_an_outage_by_turns_are_told_once_each(desk: SendDesk) -> None:
    """A night in which the provider is away while a person has yet to look at the stop."""
    stop(desk, "all")
    for _ in range(4):
        desk.held()
        now = datetime.now(UTC)
        with writing(desk.engine) as conn:
            sends.hold_all(conn, now_real=now, until=now + timedelta(minutes=1), reason="401: no key")
        assert "401" in str(desk.held())
        desk.trouble_is_over()
    assert len(desk.lines("held")) == 1


def test_who_unsubscribes_while_mail_is_stopped_gets_none_after(desk: SendDesk) -> None:
    """Judged anew at the moment of sending."""
    stop(desk, "scenario", "invite")
    desk.held()
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL, "all", "unsubscribed", at=desk.now())
    assert desk.send().outcome == "refused", "it need not wait for the resume"
    resume(desk)
    assert desk.taken() == 0


def test_a_stopped_mail_that_is_no_longer_needed_never_goes(desk: SendDesk) -> None:
    """The lead moved on, as it may while its mail waits."""
    stop(desk, "scenario", "invite")
    desk.held()
    command = desk.command()
    gone = record_of(desk, "left", cancelled=[{"key": command.key, "issue": 1}])
    assert desk.send(command, record=gone).outcome == "cancelled"
    resume(desk)
    assert desk.taken() == 0


def test_a_mail_that_was_stopped_goes_in_its_window_and_not_at_the_resume(make_desk: Making) -> None:
    """Resumed outside of the window: deferred to the next slot, as any other mail."""
    desk = make_desk()
    stop(desk, "scenario", "invite")
    command = desk.command()
    desk.held(command)
    tomorrow = (desk.now() + timedelta(days=1)).date()
    resume(desk)
    desk.deploy(sender=SENDER + f"closed: ['{tomorrow - timedelta(days=2)}..{tomorrow}']\n")
    desk.ahead = timedelta(minutes=20)
    result = desk.send(command)
    assert result.outcome == "deferred"
    assert result.at.date() > tomorrow - timedelta(days=1)


def test_an_incomplete_sender_holds_mail_until_a_deploy_mends_it(make_desk: Making) -> None:
    """Never a mail without its footer; the reason names what is missing."""
    desk = make_desk(sender=SENDER.replace("見本区架空町1-2-3", "' '"))
    assert "postal_address" in str(desk.held())
    assert "postal_address" in desk.lines("held")[0]["reason"]
    desk.deploy(sender=SENDER)
    assert desk.send().outcome == "accepted"


def test_a_stopped_mail_is_looked_at_soon_and_then_every_ten_minutes() -> None:
    """Half a million waiting mails ask once in ten minutes, not every five seconds."""
    waits = [patience(attempt) for attempt in range(1, 2000)]
    assert (waits[0], waits[-1]) == (FIRST_LOOK, LAST_LOOK)
    assert waits == sorted(waits)


def test_where_a_mail_went_is_kept_as_a_domain(desk: SendDesk) -> None:
    """The part behind the @, for the report and for domains that rest."""
    desk.send()
    assert desk.row().domain == "example.com"
