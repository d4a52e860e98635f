"""One mail, from the order to the ledger: a real database, and a provider that answers over HTTP, or does not."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select
from structlog.testing import capture_logs

from adapters.database import consents, events, leads, positions, sends
from adapters.database.engine import reading, writing
from adapters.database.events import accept_mail
from adapters.database.mail_events import MailEvent
from adapters.database.schema import holds
from adapters.mail.link_tokens import Came, LinkTokens, SiteLinks
from adapters.mail.mail_request import RequestedMail
from adapters.mail.reply_addresses import Addressed, ReplyAddresses, addressed
from adapters.mail.tokens import UnsubscribeTokens
from nurture.records import CancelledSend
from tests.activities.conftest import EMAIL, LEAD, PUBLIC, SENDER, SendDesk, record_of
from tests.mail.fake_provider import Fault

KEY = f"{LEAD}/invite/1/first/1"
Making = Callable[..., SendDesk]


def told(desk: SendDesk, event: str = "processed", *, send: str = KEY) -> None:
    """The provider reports something of a mail."""
    at = desk.now()
    with writing(desk.engine) as conn:
        accept_mail(conn, [MailEvent(id=f"sendgrid/{event}/{send}", send=send, type=event, at=at)], at, None)


# --- a mail that goes -----------------------------------------------------------------------------------------------


def test_a_mail_that_is_taken_is_accepted_with_the_providers_name_for_it(desk: SendDesk) -> None:
    """The ledger, the timeline and the answer agree; the address is in none of them."""
    before = desk.now()
    result = desk.send()
    row = desk.row()
    assert (result.outcome, result.key, result.issue) == ("accepted", KEY, 1)
    assert before <= result.at <= desk.now()
    assert (row.state, row.accepted_at, bool(row.message_id), len(row.template_sha256)) == (
        "accepted", result.at, True, 64,
    )  # fmt: skip
    (line,) = desk.lines("accepted")
    assert (line["kind"], line["subject"], line["step"], line["visit"]) == ("send", "news", "first", 1)
    assert EMAIL not in json.dumps([desk.lines(), str(row), result.model_dump(mode="json")])


def test_a_mail_takes_ten_statements(desk: SendDesk) -> None:
    """Each costs a way to the server: the record it came with, whom it is for, its row, and how it ended."""
    seen: list[str] = []

    def see(conn: object, cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    sqlalchemy_event.listen(desk.engine, "before_cursor_execute", see)
    assert desk.send(record=record_of(desk, "arrived")).outcome == "accepted"
    about_the_mail = [each for each in seen if "FROM clock" not in each and each != "BEGIN"]
    assert len(about_the_mail) <= 10, "\n".join(about_the_mail)


def test_the_mail_carries_its_key_the_footer_and_both_unsubscribe_headers(desk: SendDesk) -> None:
    """Both parts end with who sends it and the address of List-Unsubscribe, whose token stands for this very mail."""
    desk.send()
    (request,) = desk.provider.requests
    (mail,) = desk.provider.taken
    assert request["personalizations"][0]["custom_args"] == {"nurture_send": KEY}
    assert mail.headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = mail.headers["List-Unsubscribe"].strip("<>")
    assert address.startswith(f"{PUBLIC}/u/")
    for part in (mail.text, mail.html):
        for wanted in ("株式会社架空サンプル", "見本区架空町1-2-3", "info@example.co.jp", address):
            assert wanted in part
    read = UnsubscribeTokens(b"k" * 64).read(address.rsplit("/", 1)[1])
    assert read is not None
    assert (read.lead, read.topic, read.send_key) == (LEAD, "newsletter", KEY)


def test_with_a_domain_for_replies_a_mail_can_be_answered_and_left_by_mail(desk: SendDesk) -> None:
    """Both addresses hold a token of this mail alone, which says nothing and is kept beside its key."""
    desk.replies = ReplyAddresses("reply.example.co.jp", b"k" * 32)
    desk.send()
    mail, token = desk.provider.taken[0], desk.row().answers_to
    assert mail.reply_to is not None
    assert mail.reply_to.email == f"r+{token}@reply.example.co.jp"
    page, by_mail = mail.headers["List-Unsubscribe"].split(", ")
    assert page.startswith(f"<{PUBLIC}/u/")
    assert by_mail == f"<mailto:u+{token}@reply.example.co.jp?subject=unsubscribe>"
    assert addressed(["info@example.com", by_mail[8:-1].upper().partition("?")[0]]) == Addressed("leave", token)
    assert len(f"r+{token}") < 64, "no local part may be longer"


def test_links_to_the_own_site_say_whose_mail_they_stand_in(make_desk: Making) -> None:
    """In the HTML only, for a month from the slot; the text is for people to read. Other links stay as they are."""
    news = "---\nsubject: x\n---\n[prices](https://www.example.co.jp/pricing) [else](https://example.com/)\n"
    tokens = LinkTokens(b"k" * 64)
    desk = make_desk(news=news, links=SiteLinks(tokens, {"https://www.example.co.jp"}, PUBLIC))
    order = desk.command()
    desk.send(order)
    (mail,) = desk.provider.taken
    (token,) = re.findall(r"https://www\.example\.co\.jp/pricing\?nv=([\w-]+)", mail.html)
    assert tokens.read(token) == Came(KEY, order.slot + timedelta(days=30))
    assert mail.html.count("nv=") == 1
    assert "nv=" not in mail.text


def test_the_row_is_in_flight_before_the_provider_is_called(desk: SendDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The provider looks into the ledger at the moment the mail arrives: whoever dies now leaves a trace."""
    seen: list[str] = []
    take = desk.provider.take

    def look_first(mails: tuple[RequestedMail, ...], request: dict[str, Any]) -> None:
        seen.append(desk.row().state)
        take(mails, request)

    monkeypatch.setattr(desk.provider, "take", look_first)
    assert desk.send().outcome == "accepted"
    assert seen == ["in_flight"]


def test_the_same_order_again_is_answered_from_the_ledger(desk: SendDesk) -> None:
    """Temporal lost the answer, or the whole history: the provider is not called again, for any issue."""
    first = desk.send()
    again = desk.send()
    later = desk.send(desk.command(issue=7))
    assert (again.outcome, again.at) == (later.outcome, later.at) == ("accepted", first.at)
    assert desk.taken() == 1


def test_the_record_of_the_order_is_written_once_with_the_mail(desk: SendDesk) -> None:
    """A later attempt brings the same record: its lines stay in their place, and newer attributes stay as they are."""
    desk.provider.fail_next(Fault(status=500))
    record = record_of(desk, "arrived", "set", attributes={"plan": "trial"})
    desk.held(record=record)
    desk.upsert(attributes={"plan": "paid"})
    assert desk.send(record=record).outcome == "accepted"
    assert [line["what"] for line in desk.lines()] == ["arrived", "set", "held", "accepted"]
    with reading(desk.engine) as conn:
        lead = leads.view(conn, LEAD)
    assert lead is not None
    assert lead["attributes"] == {"plan": "paid"}


# --- what the provider answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [400, 413])
def test_a_mail_the_provider_never_takes_is_refused_in_its_words(desk: SendDesk, status: int) -> None:
    """The reason is the provider's own message, on the timeline too; asking again changes nothing."""
    body = b'{"errors":[{"message":"Does not contain a valid address.","field":"personalizations.0.to.0.email"}]}'
    desk.provider.fail_next(Fault(status=status, body=body))
    result = desk.send()
    assert result.outcome == "refused"
    assert "Does not contain a valid address." in (result.reason or "")
    assert desk.lines("refused")[0]["reason"] == result.reason
    assert desk.send().outcome == "refused"
    assert desk.taken() == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_holds_all_mail_with_one_alert_and_goes_on_by_itself(desk: SendDesk, status: int) -> None:
    """No lead is blocked and nobody is asked again while mail is held; once it passes, the hold is gone."""
    desk.provider.fail_next(Fault(status=status), Fault(status=status))
    with capture_logs() as logs:
        assert str(status) in desk.held().message
        asked = len(desk.provider.authorizations)
        other = desk.command(visit=2)
        assert str(status) in desk.held(other).message, "another mail waits as well"
        assert len(desk.provider.authorizations) == asked, "without asking the provider"
        desk.trouble_is_over()
        desk.held()
        desk.trouble_is_over()
        assert desk.send().outcome == "accepted"
        assert desk.send(other).outcome == "accepted"
    told = [(log["event"], log["log_level"]) for log in logs]
    assert told == [("all_mail_held", "error"), ("mail_goes_again", "warning")]


def test_trouble_that_needs_a_person_is_told_though_mail_was_held_already(desk: SendDesk) -> None:
    """503 mends itself, 401 does not: the alert comes when the one turns into the other, once."""
    desk.provider.fail_next(Fault(status=503), Fault(status=401), Fault(status=401), Fault(status=503))
    with capture_logs() as logs:
        for _ in range(4):
            desk.held()
            desk.trouble_is_over()
    assert [log["log_level"] for log in logs if log["event"] == "all_mail_held"] == ["warning", "error"]


def test_a_rate_limit_holds_all_mail_until_the_provider_says(desk: SendDesk) -> None:
    """The next try is not before the reset the provider told."""
    desk.provider.fail_next(Fault(status=429, reset_after=timedelta(seconds=40)))
    delay = desk.held().next_retry_delay
    assert delay is not None
    assert timedelta(seconds=35) < delay <= timedelta(seconds=41)
    again = desk.held().next_retry_delay
    assert again is not None
    assert timedelta(seconds=30) < again <= delay
    assert len(desk.provider.authorizations) == 1
    desk.trouble_is_over()
    assert desk.send().outcome == "accepted"


def test_an_answer_from_before_a_hold_does_not_end_it(desk: SendDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mail was on its way when another one met the limit; and a later fault does not make the hold shorter."""
    until = datetime.now(UTC) + timedelta(seconds=40)

    def hold(seconds: float, reason: str) -> bool:
        now = datetime.now(UTC)
        with writing(desk.engine) as conn:
            return sends.hold_all(conn, now_real=now, until=now + timedelta(seconds=seconds), reason=reason)

    def meanwhile() -> Fault | None:
        assert hold(40, "429")
        return None

    monkeypatch.setattr(desk.provider, "next_fault", meanwhile)
    with capture_logs() as logs:
        assert desk.send().outcome == "accepted"
    assert logs == [], "mail is not said to go again"
    assert not hold(5, "503")
    with reading(desk.engine) as conn:
        assert conn.execute(select(holds.c.until_real)).scalar_one() >= until


def test_an_outage_of_a_whole_night_ejects_nobody(desk: SendDesk) -> None:
    """Nine hours of 503, and of 429 with resets far off: one line, one word in the log, then it goes."""
    desk.provider.fail_next(*(Fault(status=503), Fault(status=429, reset_after=timedelta(hours=3))) * 9)
    with capture_logs() as logs:
        for _ in range(18):
            waits = desk.held().next_retry_delay
            assert waits is not None
            assert waits <= timedelta(hours=1), "asked again at least every hour"
            desk.ahead += timedelta(minutes=30)
            desk.trouble_is_over()
        assert desk.send().outcome == "accepted"
    assert [line["what"] for line in desk.lines() if line["kind"] == "send"] == ["held", "accepted"]
    assert [log["event"] for log in logs] == ["all_mail_held", "mail_goes_again"]
    assert desk.taken() == 1


def test_a_bad_recipient_is_refused_and_all_others_go(desk: SendDesk) -> None:
    """Neither is mail held nor is the next one touched."""
    desk.provider.fail_next(Fault(status=400))
    with capture_logs() as logs:
        assert desk.send().outcome == "refused"
        assert desk.send(desk.command(visit=2)).outcome == "accepted"
    assert logs == []


@pytest.mark.parametrize("status", [500, 502, 503])
def test_an_outage_holds_the_mail_says_so_once_and_tries_again(desk: SendDesk, status: int) -> None:
    """The timeline has one line for the whole outage, with the provider's reason."""
    desk.provider.fail_next(*[Fault(status=status)] * 3)
    for _ in range(3):
        desk.held()
        assert desk.row().state == "held"
        desk.trouble_is_over()
    assert desk.send().outcome == "accepted"
    assert [line["what"] for line in desk.lines()] == ["held", "accepted"]
    assert str(status) in desk.lines("held")[0]["reason"]
    assert desk.taken() == 1


def test_a_provider_that_cannot_be_reached_holds_all_mail(desk: SendDesk, free_port: Callable[[], int]) -> None:
    """No connection, so certainly nothing was taken."""
    desk.provider.__exit__(None, None, None)
    assert "no connection" in desk.held().message
    assert desk.row().state == "held"


# --- answers that are lost ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["stall", "drop", "half", "drop_untaken"])
def test_a_lost_answer_is_unknown_and_nothing_is_sent_again(desk: SendDesk, kind: Any) -> None:
    """Whether it was taken or not, nobody can tell: the lead goes on from the attempt, and the ledger stays."""
    desk.provider.fail_next(Fault(kind=kind))
    result = desk.send()
    assert result.outcome == "unknown"
    assert result.at == desk.row().attempted_at
    assert desk.lines("unknown")[0]["reason"] == result.reason
    assert desk.send().outcome == "unknown"
    assert desk.taken() == (0 if kind == "drop_untaken" else 1)


AGAIN = SENDER + "lost_answer: {then: send_again, after: 1h}\n"


def an_hour_has_passed(desk: SendDesk) -> None:
    """Nothing was heard of the mail for as long as events are waited for."""
    desk.change(attempted_at=desk.now() - timedelta(hours=1, seconds=1))


def test_by_default_the_timeline_says_that_a_lost_mail_is_not_sent_again(desk: SendDesk) -> None:
    """It stays unknown however late it is asked for again."""
    desk.provider.fail_next(Fault(kind="drop_untaken"))
    assert desk.send().outcome == "unknown"
    assert desk.lines("unknown")[0]["reason"].endswith("it may have gone, so it is not sent again")
    an_hour_has_passed(desk)
    assert (desk.send().outcome, desk.taken()) == ("unknown", 0)


@pytest.mark.parametrize("way", ["lost", "crash"])
def test_a_lost_mail_is_sent_again_once_where_that_is_wanted(make_desk: Making, way: str) -> None:
    """After the time in which its events could come; until then it is unknown, says so, and waits."""
    desk = make_desk(sender=AGAIN)
    if way == "lost":
        desk.provider.fail_next(Fault(kind="drop_untaken"))
    else:
        desk.left_in_flight(ago=timedelta(0))
    waits = desk.held()
    assert waits.next_retry_delay is not None
    assert timedelta(minutes=59) < waits.next_retry_delay <= timedelta(hours=1)
    assert desk.row().state == "unknown"
    assert "sent again unless the provider tells of it within 1h" in desk.lines("unknown")[0]["reason"]
    desk.held()
    assert (desk.taken(), len(desk.lines("unknown"))) == (0, 1), "asked too early: it waits on"
    an_hour_has_passed(desk)
    assert desk.send().outcome == "accepted"
    assert (desk.send().outcome, desk.taken()) == ("accepted", 1)


def test_a_mail_that_is_lost_twice_is_not_sent_a_third_time(make_desk: Making) -> None:
    """The lead goes on, and the timeline says that it may have gone."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop"), Fault(kind="drop"))
    desk.held()
    an_hour_has_passed(desk)
    assert desk.send().outcome == "unknown"
    an_hour_has_passed(desk)
    assert (desk.send().outcome, desk.taken()) == ("unknown", 2)
    assert desk.lines("unknown")[-1]["reason"].endswith("not sent again")


def test_a_lost_mail_that_the_provider_tells_of_in_time_is_not_sent_again(make_desk: Making) -> None:
    """Whatever it tells proves that it has the mail."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop"))
    desk.held()
    told(desk, "processed")
    an_hour_has_passed(desk)
    assert (desk.send().outcome, desk.taken()) == ("accepted", 1)


def test_proof_that_comes_while_a_lost_mail_is_held_again_counts(make_desk: Making) -> None:
    """The second attempt met a rate limit, and meanwhile the first is heard of: nothing more is sent."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop"), Fault(status=429, reset_after=timedelta(seconds=5)))
    desk.held()
    an_hour_has_passed(desk)
    desk.held()
    told(desk, "delivered")
    desk.trouble_is_over()
    assert (desk.send().outcome, desk.taken()) == ("accepted", 1)
    assert desk.row().state == "accepted"


@pytest.mark.parametrize("meanwhile", [(), (Fault(status=503),)])
def test_a_lost_mail_is_not_sent_again_to_who_has_left(make_desk: Making, meanwhile: tuple[Fault, ...]) -> None:
    """The gate is asked once more, also where the second attempt was held: the first one may have gone."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop_untaken"), *meanwhile)
    desk.held()
    an_hour_has_passed(desk)
    for _ in meanwhile:
        desk.held()
        desk.trouble_is_over()
    with writing(desk.engine) as conn:
        consents.suppress(conn, EMAIL, "all", "unsubscribed", at=desk.now())
    result = desk.send()
    assert (result.outcome, desk.taken(), desk.row().state) == ("unknown", 0, "unknown")
    assert "not sent again" in (result.reason or "")


def test_a_lost_mail_whose_second_attempt_is_called_off_may_have_gone_and_is_settled(make_desk: Making) -> None:
    """The lead leaves while the second attempt is held: nobody knows of the first one, until the provider tells."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop"), Fault(status=503))
    desk.held()
    an_hour_has_passed(desk)
    desk.held()
    assert (desk.row().state, bool(desk.row().again)) == ("held", True)
    with writing(desk.engine) as conn:
        positions.write(conn, LEAD, [record_of(desk, cancelled=(CancelledSend(key=KEY, issue=1),))])
    assert desk.row().state == "unknown"
    told(desk, "delivered")
    assert desk.row().state == "accepted"


def test_a_deploy_that_no_longer_wants_it_lets_the_lead_go_on(make_desk: Making) -> None:
    """The policy is current, as everything of the sender is."""
    desk = make_desk(sender=AGAIN)
    desk.provider.fail_next(Fault(kind="drop_untaken"))
    desk.held()
    desk.deploy(sender=SENDER)
    assert (desk.send().outcome, desk.taken()) == ("unknown", 0)
    assert desk.send().outcome == "unknown"


def test_an_unknown_mail_is_accepted_once_the_provider_tells_anything_of_it(desk: SendDesk) -> None:
    """Later evidence settles it, and asking again then says accepted."""
    desk.provider.fail_next(Fault(kind="drop"))
    attempt = desk.send()
    told(desk, "delivered")
    assert desk.row().state == "accepted"
    assert desk.row().accepted_at == attempt.at
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1


def test_an_event_that_is_faster_than_its_answer_settles_a_lost_one(
    desk: SendDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The webhook told of the mail while its answer was awaited and then lost: no doubt is left."""
    monkeypatch.setattr(desk.provider, "tell_of", lambda *_: told(desk))
    desk.provider.fail_next(Fault(kind="drop"))
    result = desk.send()
    assert result.outcome == "accepted"
    assert desk.row().accepted_at == result.at >= desk.row().attempted_at


def test_that_a_mail_was_dropped_does_not_prove_that_it_went(desk: SendDesk) -> None:
    """The provider threw it away: the send stays unknown."""
    desk.left_in_flight()
    told(desk, "dropped")
    assert desk.send().outcome == "unknown"


def test_an_attempt_that_died_is_unknown_where_nobody_can_tell(desk: SendDesk) -> None:
    """A worker was killed between the row and the answer: the mail may have gone, so none is sent."""
    desk.left_in_flight()
    began = desk.row().attempted_at
    result = desk.send()
    assert (result.outcome, result.at) == ("unknown", began)
    assert desk.taken() == 0


def test_an_attempt_that_died_is_accepted_where_an_event_proves_it(desk: SendDesk) -> None:
    """Whatever the provider told of the mail, it has it."""
    desk.left_in_flight()
    told(desk)
    result = desk.send()
    assert (result.outcome, desk.row().state) == ("accepted", "accepted")
    assert desk.taken() == 0


def test_an_attempt_that_died_is_accepted_where_the_providers_list_has_it(desk: SendDesk) -> None:
    """The list proves what it holds, also where it proves nothing by what it lacks."""
    desk.provider.fail_next(Fault(kind="drop"))
    desk.send()
    desk.change(state="in_flight", reason=None)
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1


@pytest.mark.parametrize(("kind", "lookups"), [("drop", 0), ("drop_untaken", 1)])
def test_a_provider_that_can_tell_gets_a_lost_mail_exactly_once(make_desk: Making, kind: Any, lookups: int) -> None:
    """Present in its list: accepted. Absent after the attempt's end: sent, once."""
    desk = make_desk(settles=True)
    desk.provider.fail_next(Fault(kind=kind))
    desk.held()
    assert desk.row().state == "in_flight"
    desk.change(attempted_at=desk.now() - timedelta(seconds=30))
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1
    assert len(desk.lines("held")) == lookups


def test_a_mail_that_may_still_be_on_its_way_is_waited_for(make_desk: Making) -> None:
    """Absent from the list, but its attempt's time is not over: it may arrive yet."""
    desk = make_desk(settles=True)
    desk.left_in_flight(ago=timedelta(seconds=1))
    assert "awaited" in desk.held().message
    assert (desk.row().state, desk.taken()) == ("in_flight", 0)


def test_a_provider_that_can_tell_but_does_not_answer_is_asked_again(make_desk: Making) -> None:
    """Until then the row stays in flight."""
    desk = make_desk(settles=True)
    desk.left_in_flight()
    desk.provider.fail_next(Fault(status=503))
    assert "cannot be asked" in desk.held().message
    assert desk.row().state == "in_flight"
    assert desk.send().outcome == "accepted"


def test_a_provider_that_could_tell_and_has_no_list_after_all_leaves_the_mail_unknown(make_desk: Making) -> None:
    """Waiting for its list would be for ever: the mail may have gone, and none is sent."""
    desk = make_desk(settles=True)
    desk.left_in_flight()
    desk.provider.fail_next(Fault(status=403))
    assert desk.send().outcome == "unknown"
    assert desk.taken() == 0


def test_an_absent_mail_meets_the_gate_before_it_goes_after_all(make_desk: Making) -> None:
    """The lead unsubscribed between the attempt that died and the one that finds that nothing went."""
    desk = make_desk(settles=True)
    desk.left_in_flight()
    with writing(desk.engine) as conn:
        events.unsubscribe(conn, LEAD, "newsletter", now=desk.now(), send=f"{LEAD}/invite/1/before/1")
    assert desk.send().outcome == "refused"
    assert desk.taken() == 0


# --- attempts that overlap ------------------------------------------------------------------------------------------


def test_an_attempt_that_is_too_slow_to_begin_stands_aside(desk: SendDesk) -> None:
    """Temporal gives it up before it could end: nothing is sent, and the next attempt sends."""
    assert "busy" in desk.held(age=timedelta(seconds=5)).message
    assert (desk.row().state, desk.taken()) == ("held", 0)
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1


@pytest.mark.parametrize("state", ["accepted", "unknown", "in_flight"])
def test_an_attempt_that_was_given_up_changes_nothing_of_a_later_one(
    desk: SendDesk, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker stood still while another one took over; when it wakes, its 503 must not open the send again."""
    desk.provider.fail_next(Fault(status=503))
    next_fault = desk.provider.next_fault

    def taken_over() -> Fault | None:
        desk.change(state=state, attempted_at=desk.now() + timedelta(seconds=9))
        return next_fault()

    monkeypatch.setattr(desk.provider, "next_fault", taken_over)
    desk.held()
    assert desk.row().state == state


def test_a_mail_taken_after_its_attempt_was_given_up_is_accepted(
    desk: SendDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A later attempt had called it unknown; the answer that came after all settles it."""
    take = desk.provider.take

    def taken_over(mails: tuple[RequestedMail, ...], request: dict[str, Any]) -> None:
        desk.change(state="unknown", attempted_at=desk.now())
        take(mails, request)

    monkeypatch.setattr(desk.provider, "take", taken_over)
    desk.held()
    assert desk.row().state == "accepted"
    assert desk.send().outcome == "accepted"
    assert desk.taken() == 1
