"""What the gate lets pass at the moment of sending, and what a template makes of a lead."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from temporalio.exceptions import ApplicationError

from adapters.database import consents
from adapters.database.engine import writing
from adapters.database.preferences import Wording, choose, leave_all
from adapters.database.replies import take
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import suppressions
from adapters.mail.inbound import Inbound
from nurture.commands import NotifyPerson
from nurture.definitions import FormConsent
from nurture.records import CancelledSend
from tests.activities.conftest import EMAIL, LEAD, NEWS, SENDER, SendDesk, record_of
from tests.mail.fake_provider import Fault

KEY = f"{LEAD}/invite/1/first/1"
Making = Callable[..., SendDesk]


# --- the gate -------------------------------------------------------------------------------------------------------


def test_a_cancelled_issue_never_begins_and_a_newer_one_may(desk: SendDesk) -> None:
    """The lead moved on before the first attempt, and was sent back."""
    cancelled = record_of(desk, "passed", cancelled=[CancelledSend(key=KEY, issue=1)])
    assert desk.send(record=cancelled).outcome == "cancelled"
    assert desk.taken() == 0
    assert desk.send(desk.command(issue=2)).outcome == "accepted"


def test_a_cancelled_issue_is_not_tried_again_when_the_provider_is_back(desk: SendDesk) -> None:
    """Held by an outage, then no longer needed."""
    desk.provider.fail_next(Fault(status=503))
    desk.held()
    desk.trouble_is_over()
    assert desk.send(record=record_of(desk, "left", cancelled=[CancelledSend(key=KEY, issue=1)])).outcome == "cancelled"
    assert desk.taken() == 0


def test_no_send_begins_after_the_enrolment_ended(desk: SendDesk) -> None:
    """The end is in the database before the send: nothing goes, and the reason is told."""
    with writing(desk.engine) as conn:
        conn.execute(update(enrolment_rows).values(state="ended", ended_at=desk.now(), finish="left"))
    result = desk.send()
    assert (result.outcome, result.reason) == ("blocked", "the enrolment has ended")
    assert (desk.rows(), desk.taken()) == (0, 0)


def test_no_mail_without_consent(make_desk: Making) -> None:
    """Refused, with the topic, in the ledger and on the timeline."""
    desk = make_desk(consented=False)
    result = desk.send()
    assert (result.outcome, result.reason) == ("refused", "no consent for newsletter")
    assert (desk.row().state, desk.lines("refused")[0]["reason"], desk.taken()) == ("refused", result.reason, 0)


def test_consent_for_one_topic_is_none_for_another(desk: SendDesk) -> None:
    """The lead agreed to the newsletter only."""
    assert desk.send(desk.command(topic="seminars")).reason == "no consent for seminars"


def test_no_mail_to_a_lead_without_an_address(desk: SendDesk) -> None:
    """An address that was taken away after the enrolment."""
    desk.upsert(email=None)
    assert (desk.send().outcome, desk.taken()) == ("refused", 0)


@pytest.mark.parametrize(
    ("scope", "reason", "sends"),
    [
        ("all", "unsubscribed", 0),
        ("all", "bounced", 0),
        ("all", "spam_reported", 0),
        ("newsletter", "one_click", 0),
        ("seminars", "one_click", 1),
    ],
)
def test_no_mail_to_a_suppressed_address(desk: SendDesk, scope: str, reason: Any, sends: int) -> None:
    """For everything, or for the topic of the mail; another topic shuts nothing."""
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL.upper(), scope, reason, at=desk.now())
    result = desk.send()
    assert desk.taken() == sends
    assert result.reason == (None if sends else f"suppressed: {reason}")


@pytest.mark.parametrize(
    ("by_form", "later", "reason", "sends"),
    [
        (True, True, "one_click", 1),
        (True, False, "one_click", 0),
        (False, True, "one_click", 0),
        (True, True, "unsubscribed", 1),
        (True, True, "bounced", 0),
        (True, True, "spam_reported", 0),
    ],
)
def test_only_a_newer_consent_by_form_lifts_what_a_person_took_back(
    desk: SendDesk, by_form: bool, later: bool, reason: str, sends: int
) -> None:
    """An import never does, an older form never does, and neither opens a dead mailbox or ends a complaint."""
    now = desk.now()
    at = now + timedelta(seconds=1 if later else -1)
    wording = FormConsent.model_validate({"version": "ja_1", "text": "同意します"}) if by_form else None
    with writing(desk.engine) as conn:
        consents.suppress_all(conn, [consents.suppression(EMAIL, "all", reason, at=now)])
        consents.consent(conn, LEAD, consents.Consent(["newsletter"], "opt_in", "test", at, wording))
    desk.send()
    assert desk.taken() == sends


def test_a_suppression_keeps_no_address_and_finds_it_whatever_its_case(desk: SendDesk) -> None:
    """The address is kept as a hash only."""
    with writing(desk.engine) as conn:
        consents.suppress(conn, f"  {EMAIL.title()} ", "all", "manual", at=desk.now())
        kept = conn.execute(suppressions.select()).one()
    assert EMAIL not in str(kept).lower()
    assert desk.send().reason == "suppressed: manual"


# --- the calendar ---------------------------------------------------------------------------------------------------

WINDOW = SENDER.replace("window: always", 'window: {days: [mon, tue, wed, thu, fri], from: "09:00", to: "18:00"}')


def at_tokyo(desk: SendDesk, *at: int) -> datetime:
    """Set the clock to a time in Tokyo (UTC+9)."""
    wanted = datetime(*at, tzinfo=UTC) - timedelta(hours=9)  # type: ignore[misc,arg-type]
    desk.ahead = wanted - datetime.now(UTC)
    return wanted


def test_a_mail_outside_the_window_is_deferred_until_it_opens(make_desk: Making) -> None:
    """A Friday evening: until Monday at nine, with the reason on the timeline, and nothing begun."""
    desk = make_desk(sender=WINDOW)
    at_tokyo(desk, 2027, 6, 4, 19, 0)
    result = desk.send()
    assert (result.outcome, result.at) == ("deferred", datetime(2027, 6, 7, 0, 0, tzinfo=UTC))
    assert desk.lines("deferred")[0]["reason"] == "the send window is closed"
    assert (desk.rows(), desk.taken()) == (0, 0)


@pytest.mark.parametrize(("minutes", "outcome"), [(10, "accepted"), (20, "deferred")])
def test_the_window_is_judged_for_the_slot_if_the_mail_is_not_too_late_for_it(
    make_desk: Making, minutes: int, outcome: str
) -> None:
    """The slot was a minute before the window closed; the activity runs 10 or 20 minutes after the slot."""
    desk = make_desk(sender=WINDOW)
    slot = at_tokyo(desk, 2027, 6, 4, 17, 59)
    desk.ahead += timedelta(minutes=minutes)
    assert desk.send(desk.command(slot=slot)).outcome == outcome


def test_a_slot_that_is_still_to_come_opens_nothing(make_desk: Making) -> None:
    """The window is open at the slot, but it is not that time yet."""
    desk = make_desk(sender=WINDOW)
    slot = at_tokyo(desk, 2027, 6, 7, 9, 0)
    desk.ahead -= timedelta(minutes=30)
    assert (desk.send(desk.command(slot=slot)).outcome, desk.taken()) == ("deferred", 0)


def test_the_cap_is_counted_in_the_ledger(make_desk: Making) -> None:
    """Two mails a week: the third waits until the first is a week old; a mail that may have gone counts as gone."""
    desk = make_desk(sender=SENDER + "cap: {mails: 2, per: 7d}\n")
    first = desk.send()
    desk.provider.fail_next(Fault(kind="drop_untaken"))
    assert desk.send(desk.command(visit=2)).outcome == "unknown"
    third = desk.send(desk.command(visit=3))
    assert (third.outcome, third.reason) == ("deferred", "the cap is reached")
    assert third.at == first.at + timedelta(days=7)
    assert desk.taken() == 1


def test_a_refused_mail_does_not_count_for_the_cap(make_desk: Making) -> None:
    """It never went."""
    desk = make_desk(sender=SENDER + "cap: {mails: 1, per: 7d}\n")
    desk.provider.fail_next(Fault(status=400))
    assert desk.send().outcome == "refused"
    assert desk.send(desk.command(visit=2)).outcome == "accepted"


# --- templates ------------------------------------------------------------------------------------------------------


def test_a_variable_that_is_unset_for_this_lead_blocks_and_names_it(make_desk: Making) -> None:
    """Template and variable are in the reason; nothing is begun, and the mail goes once it is set."""
    desk = make_desk(news=NEWS + "\n{{ lead.attributes.plan }}\n")
    result = desk.send()
    assert result.outcome == "blocked"
    assert "'news'" in (result.reason or "")
    assert "lead.attributes.plan" in (result.reason or "")
    assert (desk.rows(), desk.taken()) == (0, 0)
    desk.upsert(attributes={"plan": "trial"})
    assert desk.send(desk.command(issue=2)).outcome == "accepted"


@pytest.mark.parametrize(
    "fault", ["{{ 1 / 0 }}", "{{ lead.name.upper.x.y }}", "{{ [] | first + 1 }}", "{{ range(9**9) }}"]
)
def test_a_template_that_fails_blocks_this_lead_and_never_hangs(make_desk: Making, fault: str) -> None:
    """Whatever an author wrote, the lead says why it stands still."""
    desk = make_desk(news=NEWS + fault + "\n")
    result = desk.send()
    assert result.outcome == "blocked"
    assert "'news'" in (result.reason or "")


def test_a_template_that_is_not_deployed_blocks_and_says_what_to_do(desk: SendDesk) -> None:
    """Name, language and deployment are in the reason."""
    result = desk.send(desk.command(template="gone"))
    assert result.outcome == "blocked"
    assert "'gone' in deployment 1 (ja): mend it and deploy" in (result.reason or "")


def test_the_text_behind_a_template_is_that_of_the_newest_deployment(desk: SendDesk) -> None:
    """A typo is mended by a deploy, also for mail that is held meanwhile; the ledger keeps which text went."""
    desk.provider.fail_next(Fault(status=500))
    desk.held()
    before = desk.row().template_sha256
    desk.deploy(news=NEWS.replace("お知らせ", "訂正のお知らせ"))
    assert desk.send().outcome == "accepted"
    (mail,) = desk.provider.taken
    assert mail.subject == "訂正のお知らせ"
    assert desk.row().template_sha256 != before


def test_an_order_that_is_no_mail_is_not_tried_again(desk: SendDesk) -> None:
    """A fault of the program: it ends as a blocked step, with its name."""
    order = NotifyPerson(lead=LEAD, key="k", to="inside", text="…", deployment=1, at=desk.now())
    with pytest.raises(ApplicationError) as raised:
        desk.send(order)  # type: ignore[arg-type]  # on purpose
    assert raised.value.non_retryable


@pytest.mark.parametrize("way", ["topics", "everything", "letter"])
def test_a_mail_that_is_held_does_not_go_after_its_reader_has_left(desk: SendDesk, way: str) -> None:
    """Effective at once, whichever way: the provider is back, and the gate is shut."""
    desk.provider.fail_next(Fault(status=503))
    desk.held()
    desk.trouble_is_over()
    sender = desk.store.current().sender
    assert sender is not None
    with writing(desk.engine) as conn:
        match way:
            case "topics":
                choose(conn, LEAD, (), Wording.of(sender, "ja"), now=desk.now(), send=None)
            case "everything":
                leave_all(conn, LEAD, now=desk.now(), send=None)
            case _:
                mail = Inbound(
                    to=("x@example.com",), sender=EMAIL, subject="Re: x", text="配信停止", identity="1", proven=True
                )
                assert take(conn, mail, desk.now()).became == "opt_out"
    assert (desk.send().outcome, desk.row().state, desk.row().reason) == ("refused", "refused", "suppressed: one_click")
    assert desk.taken() == 0
