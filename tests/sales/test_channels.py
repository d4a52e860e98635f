"""Each channel against a server that behaves as the real one, and mail and files as they come out."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

import pytest

from adapters.mail.port import Accepted, Answer, Erasure, Evidence, Held, Mail, Unknown
from adapters.sales_channels import signing
from adapters.sales_channels.hubspot import HubSpot
from adapters.sales_channels.port import Notice, NotTaken, Person, Reader
from adapters.sales_channels.rep_mail import RepMail
from adapters.sales_channels.slack import Slack
from adapters.sales_channels.webhook import Webhook
from nurture.definitions import From
from tests.sales.conftest import EMAIL, LEAD, NAME, TASK, Company
from tests.sales.doubles import FakeHubSpot, FakeSlack, Receiver, Said

MakeCompany = Callable[..., Company]
SECRETS = tuple(f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2))
MESSAGE = Notice(
    key="message/kari_001/s/1/tell/1", kind="message", id="kari_001/s/1/tell/1", lead=LEAD, queue="inside", rep="rep_1",
    made_at=datetime(2026, 11, 30, 23, 30, tzinfo=UTC), to="inside", text="見てください", zone="Asia/Tokyo",
    reader=Reader("rep_1", "営業 一郎", "rep1@example.co.jp", "ja"), person=Person(NAME, EMAIL, "架空商事"),
    sender=From(name="見本", email="news@example.co.jp"),
    links={"lead": "https://nurture.example.co.jp/api/leads/kari_001", "replies": "r", "handoffs": "h",
           "page": "https://nurture.example.co.jp/leads/kari_001"},
)  # fmt: skip


# --- Slack ----------------------------------------------------------------------------------------------------------


def test_slack_shows_the_rule_the_score_by_item_and_a_link(make_company: MakeCompany, slack: FakeSlack) -> None:
    """In the rep's language, without the person; what a machine clicked is not what the lead did."""
    company = make_company("slack", slack=Slack(slack.hook))
    company.make(reasons=("score total at_least 60", "<!channel> & co"))
    assert company.tell() is None
    (message,) = slack.messages
    said = json.dumps(message, ensure_ascii=False)
    for words in ("score total at_least 60", "demo_request +50", "pricing +15", "合計 65", "依頼「demo」", "call soon"):
        assert words in said
    assert f"https://nurture.example.co.jp/desk/{quote(TASK)}|" in said
    assert "by_a_machine" not in said
    assert NAME not in said
    assert EMAIL not in said
    assert "&lt;!channel&gt; &amp; co" in said  # nobody is woken by words of others


def test_slack_is_left_alone_as_long_as_it_wants(make_company: MakeCompany, slack: FakeSlack) -> None:
    """429 with Retry-After; then it takes the message, once."""
    slack.faults.append(Said(429, "rate_limited", {"Retry-After": "30"}))
    company = make_company("slack", slack=Slack(slack.hook))
    company.make()
    left = company.tell()
    assert left is not None
    assert left.wait == timedelta(seconds=30)
    company.now += left.wait
    assert company.tell() is None
    assert len(slack.messages) == 1


@pytest.mark.parametrize(
    ("said", "why", "person"),
    [
        (Said(404, "no_service"), "no_service", True),
        (Said(410, "channel_is_archived"), "channel_is_archived", True),
        (Said(403, "action_prohibited"), "action_prohibited", True),
        (Said(500, "rollup_error"), "500", False),
        (Said(200, "<html>sign in to the wifi</html>"), "something else", True),
        (Said(302, headers={"Location": "https://example.com"}), "302", True),
    ],
)
def test_slack_says_who_has_to_mend_what(slack: FakeSlack, said: Said, why: str, *, person: bool) -> None:
    """Its own word is told, nothing else of its body."""
    slack.always = said
    with pytest.raises(NotTaken, match=why) as raised:
        Slack(slack.hook).deliver(MESSAGE)
    assert raised.value.needs_person is person
    assert slack.url not in raised.value.why


# --- the webhook ----------------------------------------------------------------------------------------------------


def test_a_webhook_is_signed_with_every_secret(make_company: MakeCompany, receiver: Receiver) -> None:
    """By the words of Standard Webhooks, computed here by hand; the body is as ever, and says why."""
    company = make_company("webhook", webhook=Webhook(receiver.url, SECRETS))
    company.make()
    assert company.tell() is None
    (asked,) = receiver.taken
    wanted = set()
    for secret in SECRETS:
        content = f"{asked.headers['webhook-id']}.{asked.headers['webhook-timestamp']}.".encode() + asked.body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        wanted.add("v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode())
    assert set(asked.headers["webhook-signature"].split()) == wanted
    assert unquote(asked.headers["webhook-id"]) == f"handoff/{TASK}" == unquote(asked.headers["idempotency-key"])
    body = asked.json
    assert (body["kind"], body["id"], body["queue"], body["rep"]) == ("handoff", TASK, "inside", "rep_1")
    assert (body["lead"], body["reasons"], body["note"]) == (LEAD, ["score total at_least 60"], "call soon")
    assert body["links"] == {
        "lead": "https://nurture.example.co.jp/api/leads/kari_001",
        "replies": "https://nurture.example.co.jp/api/leads/kari_001/replies",
        "handoffs": "https://nurture.example.co.jp/api/handoffs",
        "page": f"https://nurture.example.co.jp/desk/{quote(TASK)}",
    }
    assert body["why"]["opening"].startswith("「demo」のご依頼")
    assert "person" not in body


def test_a_webhook_without_secrets_is_as_before(receiver: Receiver) -> None:
    """No signature; a message of a scenario is passed on, the same key whenever it is repeated."""
    for _ in range(2):
        Webhook(receiver.url).deliver(MESSAGE.anonymous())
    first, second = receiver.taken
    assert "webhook-signature" not in first.headers
    assert (first.json["kind"], first.json["to"], first.json["text"]) == ("message", "inside", "見てください")
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_anything_but_2xx_is_to_be_tried_again(receiver: Receiver, status: int) -> None:
    """The notice counts as told only when its receiver says so."""
    receiver.always = Said(status)
    with pytest.raises(NotTaken, match=str(status)):
        Webhook(receiver.url).deliver(MESSAGE)


def test_a_receiver_that_is_not_there_is_to_be_tried_again() -> None:
    """A refused connection raises the same error."""
    with pytest.raises(NotTaken, match="no answer"):
        Webhook("http://127.0.0.1:1/hook").deliver(MESSAGE)


def test_a_signature_holds_for_five_minutes_and_for_this_body_only() -> None:
    """With either secret, the other one alone, not a third, not another body, not another id, not later."""
    now = datetime(2026, 12, 1, tzinfo=UTC)
    made = signing.headers(SECRETS[:1], "id_1", now, b"{}")
    assert signing.verify(SECRETS, made, b"{}", now)
    assert signing.verify(SECRETS, made, b"{}", now + timedelta(minutes=5))
    assert signing.verify(SECRETS, {**made, signing.SIGNATURE: f"v9,x v1,AAAA {made[signing.SIGNATURE]}"}, b"{}", now)
    assert not signing.verify(SECRETS, made, b"{}", now + timedelta(minutes=5, seconds=1))
    assert not signing.verify(SECRETS, made, b"{}", now - timedelta(minutes=5, seconds=1))
    assert not signing.verify(SECRETS[1:], made, b"{}", now)
    assert not signing.verify(SECRETS, made, b"{ }", now)
    assert not signing.verify(SECRETS, {**made, signing.ID: "id_2"}, b"{}", now)
    assert not signing.verify((), made, b"{}", now)
    for broken in ("", "v1", "v1,", "v1a,é", "x" * 9000):
        assert not signing.verify(SECRETS, {**made, signing.SIGNATURE: broken}, b"{}", now)
    for broken in ("", "-1", "1e9", "9" * 40, "٣"):
        assert not signing.verify(SECRETS, {**made, signing.TIMESTAMP: broken}, b"{}", now)


def test_the_example_of_the_specification_verifies() -> None:
    """The published vector of Standard Webhooks, so that its libraries understand us."""
    given = {
        signing.ID: "msg_p5jXN8AQM9LWM0D4loKWxJek",
        signing.TIMESTAMP: "1614265330",
        signing.SIGNATURE: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    at = datetime.fromtimestamp(1614265330, UTC)
    assert signing.verify(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], given, b'{"test": 2432232314}', at)


# --- HubSpot --------------------------------------------------------------------------------------------------------


def hubspot_of(company: Company, hubspot: FakeHubSpot) -> None:
    """Put it in."""
    company.channels["hubspot"] = HubSpot(FakeHubSpot.TOKEN, hubspot.url)


def test_hubspot_gets_a_contact_and_a_task_of_the_rep(make_company: MakeCompany, hubspot: FakeHubSpot) -> None:
    """The contact is made with what is known; the task is associated, owned by the rep's user, due when ours is."""
    hubspot.owners["rep1@example.co.jp"] = "77"
    company = make_company("hubspot")
    hubspot_of(company, hubspot)
    company.make()
    assert company.tell() is None
    ((contact, known),) = hubspot.contacts.items()
    assert known == {"email": EMAIL, "lastname": NAME, "company": "架空商事"}
    ((task, properties),) = hubspot.tasks.items()
    assert hubspot.tasks_of == {contact: [task]}
    assert (properties["hubspot_owner_id"], properties["hs_task_status"]) == ("77", "NOT_STARTED")
    assert "score total at_least 60" in properties["hs_task_body"]
    assert f"https://nurture.example.co.jp/desk/{quote(TASK)}<br>" in properties["hs_task_body"]
    assert properties["hs_timestamp"] == int(company.now.timestamp() * 1000)


def test_hubspot_takes_the_contact_it_knows(make_company: MakeCompany, hubspot: FakeHubSpot) -> None:
    """By its address, or by a second one of which it tells only with 409; a task of nobody's says so."""
    company = make_company("hubspot")
    hubspot_of(company, hubspot)
    hubspot.contacts["51"] = {"email": "main@example.com"}
    hubspot.second_addresses[EMAIL] = "51"
    company.make()
    assert company.tell() is None
    assert list(hubspot.contacts) == ["51"]
    assert list(hubspot.tasks_of) == ["51"]
    (task,) = hubspot.tasks.values()
    assert "hubspot_owner_id" not in task
    assert "no HubSpot user" in task["hs_task_body"]


def test_hubspot_has_one_task_though_its_answer_was_lost(make_company: MakeCompany, hubspot: FakeHubSpot) -> None:
    """The task was made and the connection broke: the next attempt finds it by the contact, without a search."""
    company = make_company("hubspot")
    hubspot_of(company, hubspot)
    hubspot.contacts["51"] = {"email": EMAIL}
    # the contact and the owner are read; the answer to the task is lost
    real = hubspot.take

    def lose(asked: object) -> Said:
        said = real(asked)  # type: ignore[arg-type]
        return Said(lost=True) if hubspot.tasks and len(hubspot.asked) == 3 else said

    hubspot.take = lose  # type: ignore[method-assign]
    company.make()
    company.tell_until_told()
    assert len(hubspot.tasks) == 1
    assert not any("search" in asked.path for asked in hubspot.asked)


def test_hubspot_says_what_a_person_must_do_and_when_to_come_again(
    make_company: MakeCompany, hubspot: FakeHubSpot
) -> None:
    """401 names the setting; 429 its rest; neither quotes what was sent."""
    with pytest.raises(NotTaken, match="NURTURE_HUBSPOT_TOKEN") as raised:
        HubSpot("wrong", hubspot.url).deliver(MESSAGE)
    assert raised.value.needs_person
    hubspot.faults.append(Said(429, '{"policyName": "SECONDLY"}', {"Retry-After": "10"}))
    with pytest.raises(NotTaken, match="429") as raised:
        HubSpot(FakeHubSpot.TOKEN, hubspot.url).deliver(MESSAGE)
    assert raised.value.retry_after == timedelta(seconds=10)
    assert not raised.value.needs_person
    hubspot.faults.append(Said(400, json.dumps({"message": f"{EMAIL} is no address"})))
    with pytest.raises(NotTaken) as raised:
        HubSpot(FakeHubSpot.TOKEN, hubspot.url).deliver(MESSAGE)
    assert EMAIL not in raised.value.why
    with pytest.raises(NotTaken, match="no address"):
        HubSpot(FakeHubSpot.TOKEN, hubspot.url).deliver(replace(MESSAGE, person=Person(NAME, None, None)))


# --- mail -----------------------------------------------------------------------------------------------------------


@dataclass
class Provider:
    """A mail provider in memory."""

    answers: list[Answer] = field(default_factory=list)
    mails: list[Mail] = field(default_factory=list)
    evidence: Evidence = "cannot_tell"
    settles: bool = False

    def send(self, mail: Mail) -> Answer:
        answer = self.answers.pop(0) if self.answers else Accepted("id")
        if isinstance(answer, Accepted | Unknown):
            self.mails.append(mail)
        return answer

    def lookup(self, send_key: str) -> Evidence:
        del send_key
        return self.evidence

    def erase(self, addresses: object) -> Erasure:
        del addresses
        return Accepted("")


def test_a_rep_gets_a_plain_mail_in_the_own_language(make_company: MakeCompany) -> None:
    """With the person, the rule and the score; no footer of marketing, no tracking, nothing of the gate."""
    provider = Provider()
    company = make_company("email", email=RepMail(provider))
    company.make()
    assert company.tell() is None
    (mail,) = provider.mails
    assert (mail.to, mail.from_email, mail.tracked) == ("rep1@example.co.jp", "news@example.co.jp", False)
    for words in (
        NAME,
        EMAIL,
        "架空商事",
        "満たした条件:score total at_least 60",
        "demo_request +50 点",
        "依頼「demo」",
        f"開く:https://nurture.example.co.jp/desk/{quote(TASK)}\n",
    ):
        assert words in mail.text
    assert "見本区架空町" not in mail.text
    assert not any("unsubscribe" in name.lower() for name in mail.headers)
    assert mail.send_key.startswith(f"sales/{LEAD}/")
    message = replace(MESSAGE, reader=Reader("rep_2", "Second", "rep2@example.co.jp", "en"), text="look")
    RepMail(provider).deliver(message)
    assert "Company: 架空商事" in provider.mails[1].text
    assert provider.mails[1].text.endswith("Open: https://nurture.example.co.jp/leads/kari_001\n")


def test_a_mail_whose_answer_was_lost_goes_again_only_if_nobody_has_it() -> None:
    """The provider is asked; where it cannot tell, two mails are better than none."""
    provider = Provider(answers=[Unknown("no answer")])
    with pytest.raises(NotTaken):
        RepMail(provider).deliver(MESSAGE)
    provider.evidence = "accepted"
    RepMail(provider).deliver(replace(MESSAGE, again=True))
    assert len(provider.mails) == 1
    provider.evidence = "cannot_tell"
    RepMail(provider).deliver(replace(MESSAGE, again=True))
    assert len(provider.mails) == 2
    assert provider.mails[0].send_key == provider.mails[1].send_key


def test_a_provider_that_holds_mail_is_asked_again_when_it_says() -> None:
    """And a rep who is not in sales.yaml cannot be written to."""
    provider = Provider(answers=[Held("429", retry_after=timedelta(seconds=9))])
    with pytest.raises(NotTaken) as raised:
        RepMail(provider).deliver(MESSAGE)
    assert raised.value.retry_after == timedelta(seconds=9)
    for lacking in (replace(MESSAGE, reader=None), replace(MESSAGE, sender=None)):
        with pytest.raises(NotTaken, match=r"sales\.yaml|sender\.yaml"):
            RepMail(provider).deliver(lacking)
