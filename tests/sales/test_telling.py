"""Sales is told once through each channel, whatever is down for how long (rule 6)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import update

from adapters.database import giving, handoffs, task_notices
from adapters.database.engine import reading, writing
from adapters.database.schema import handoffs as tasks
from adapters.database.schema import leads as lead_rows
from adapters.notification import Message
from adapters.sales_channels.hubspot import HubSpot
from adapters.sales_channels.port import NeverTaken, Notice, NotTaken
from adapters.sales_channels.webhook import Webhook
from nurture.nudges import Kind, Nudge
from tests.sales.conftest import EMAIL, LEAD, NAME, START, TASK, Company
from tests.sales.doubles import Receiver, Said

MakeCompany = Callable[..., Company]


@dataclass
class Kept:
    """A channel in memory; `down` says what it answers."""

    down: NotTaken | None = None
    heard: list[Notice] = field(default_factory=list)
    tried: int = 0
    ready: bool = True

    def deliver(self, notice: Notice) -> None:
        self.tried += 1
        if self.down is not None:
            raise self.down
        self.heard.append(notice)


def test_a_receiver_that_is_down_for_a_day_takes_each_task_once(make_company: MakeCompany, receiver: Receiver) -> None:
    """It answers 500 a day long, then takes all: one notice for each task, and no task is lost."""
    company = make_company("webhook", webhook=Webhook(receiver.url))
    several = [company.make()]
    company_tasks(company, several, 2)
    receiver.always = Said(500)
    for _ in range(24):  # an hour passes between two attempts, a day in some seconds
        for task in several:
            left = company.tell(task)
            assert left is not None
            assert timedelta(0) < left.wait <= timedelta(minutes=1)
        company.now += timedelta(hours=1)
    tried = len(receiver.asked)
    assert tried == 24 * len(several)
    assert receiver.taken == []
    receiver.always = None
    for task in several:
        assert company.tell(task) is None
        assert company.tell(task) is None
    assert [each.json["id"] for each in receiver.taken] == several
    assert len(receiver.asked) == tried + len(several)
    assert [what for what, _, _ in company.lines()] == [*["not_told"] * len(several), *["told"] * len(several)]


def company_tasks(company: Company, several: list[str], more: int) -> None:
    """Further tasks of the lead, each after the one before was closed."""
    for number in range(more):
        with writing(company.engine) as conn:
            handoffs.close(conn, several[-1], "rep_1", "lost", now=company.now)
        several.append(company.make(f"{LEAD}/talk/{number + 2}/to_sales/1"))


def test_a_channel_that_is_down_repeats_nothing_on_the_others(make_company: MakeCompany) -> None:
    """Slack is revoked: the mail went once, and the task is told only when Slack is back."""
    email, slack = Kept(), Kept(NotTaken("it answered 404", do="no_service", needs_person=True))
    company = make_company("email, slack", email=email, slack=slack)
    company.make()
    for _ in range(5):
        left = company.tell()
        assert left is not None
        assert list(left.why) == ["slack"]
        company.now += left.wait
    assert (len(email.heard), slack.tried) == (1, 5)
    assert company.rows() == {"email/rep_1": "told", "slack": "pending"}
    with reading(company.engine) as conn:
        assert not handoffs.was_notified(conn, TASK)
    slack.down = None
    assert company.tell() is None
    assert company.tell() is None
    assert (len(email.heard), len(slack.heard)) == (1, 1)
    with reading(company.engine) as conn:
        assert handoffs.was_notified(conn, TASK)
    told = company.lines()
    assert ("not_told", "slack", "it answered 404: no_service; it is tried again") in told
    assert ("told", "email: rep_1", None) in told
    assert ("told", "slack", "at the 6. attempt") in told
    assert len(told) == 3


def test_it_comes_again_when_the_channel_says(make_company: MakeCompany) -> None:
    """Not before: an attempt that comes too early asks nobody."""
    slack = Kept(NotTaken("it answered 429", retry_after=timedelta(seconds=37)))
    company = make_company("slack", slack=slack)
    company.make()
    left = company.tell()
    assert left is not None
    assert left.wait == timedelta(seconds=37)
    company.now += timedelta(seconds=36)
    assert company.tell() is not None
    assert slack.tried == 1
    company.now += timedelta(seconds=1)
    company.tell()
    assert slack.tried == 2


def test_two_workers_do_not_tell_at_once(make_company: MakeCompany) -> None:
    """Who finds somebody at it leaves it alone; if that one has died, it is tried again after half a minute."""
    company = make_company("slack")

    class Slow(Kept):
        def deliver(self, notice: Notice) -> None:
            super().deliver(notice)
            assert (meanwhile := company.tell()) is not None
            assert meanwhile.wait == timedelta(seconds=30)
            if len(self.heard) == 1:
                raise SystemExit  # as if the worker was killed

    slack = Slow()
    company.channels["slack"] = slack
    company.make()
    with contextlib.suppress(SystemExit):
        company.tell()
    assert len(slack.heard) == 1
    company.now += timedelta(seconds=30)
    assert company.tell() is None
    assert [notice.again for notice in slack.heard] == [False, True]
    assert len({notice.key for notice in slack.heard}) == 1


def test_without_a_word_in_sales_yaml_nothing_changes(make_company: MakeCompany, receiver: Receiver) -> None:
    """The webhook where there is a URL; else a log line is all."""
    company = make_company()
    company.make()
    assert company.tell() is None
    assert company.rows() == {}
    with writing(company.engine) as conn:
        conn.execute(update(tasks).values(notified_real=None))
    company.channels["webhook"] = Webhook(receiver.url)
    assert company.tell() is None
    assert company.rows() == {"webhook": "told"}


def test_a_queue_may_tell_nobody(make_company: MakeCompany, receiver: Receiver) -> None:
    """`tell: []`, though there is a URL."""
    company = make_company("", webhook=Webhook(receiver.url))
    company.make()
    assert company.tell() is None
    assert receiver.asked == []


def test_a_channel_without_its_setting_says_which(make_company: MakeCompany) -> None:
    """And tells what waited once it is there."""
    company = make_company("slack")
    company.make()
    left = company.tell()
    assert left is not None
    assert "NURTURE_SLACK_URL" in left.why["slack"]
    slack = Kept()
    company.channels["slack"] = slack
    company.now += left.wait
    assert company.tell() is None
    assert len(slack.heard) == 1


def test_what_is_taken_out_of_sales_yaml_is_dropped_with_a_line(make_company: MakeCompany) -> None:
    """A channel that is gone for good is ended by a deploy; what it did not tell goes through the new one."""
    slack, email = Kept(NotTaken("it answered 410")), Kept()
    company = make_company("slack", slack=slack, email=email)
    company.make()
    assert company.tell() is not None
    company.deploy("email")
    assert company.tell() is None
    assert company.rows() == {"slack": "dropped", "email/rep_1": "told"}
    assert ("not_told", "slack", "sales.yaml, or the task, names another place by now") in company.lines()


def test_a_task_that_changed_hands_before_anybody_heard_goes_to_who_has_it(make_company: MakeCompany) -> None:
    """The mail to the first rep never went."""
    email = Kept(NotTaken("no connection"))
    company = make_company("email", email=email)
    company.make()
    assert company.tell() is not None
    with writing(company.engine) as conn:
        handoffs.fall_back(conn, TASK, company.store.current(), now=company.now)
    email.down = None
    assert company.tell() is None
    assert [notice.reader.rep for notice in email.heard if notice.reader] == ["rep_2"]


def test_nobody_hears_of_a_person_who_is_forgotten(make_company: MakeCompany) -> None:
    """What was still pending is dropped."""
    slack = Kept(NotTaken("it answered 500"))
    company = make_company("slack", slack=slack)
    company.make()
    assert company.tell() is not None
    with writing(company.engine) as conn:
        conn.execute(update(lead_rows).values(status="erased", name=None, email=None))
    slack.down = None
    company.now += timedelta(minutes=1)
    assert company.tell() is None
    assert slack.heard == []
    assert company.rows() == {"slack": "dropped"}


def test_who_the_lead_is_stays_out_of_chats_unless_sales_yaml_says_so(make_company: MakeCompany) -> None:
    """Mail, HubSpot and the file carry it; Slack and the webhook have ids and links."""
    channels = {name: Kept() for name in ("email", "slack", "webhook", "hubspot", "csv")}
    everywhere = "email, slack, webhook, hubspot, csv"
    company = make_company(everywhere, **channels)
    company.make()
    assert company.tell() is None
    knows = {name for name, channel in channels.items() if channel.heard[0].person is not None}
    assert knows == {"email", "hubspot", "csv"}
    for name in ("slack", "webhook"):
        assert NAME not in repr(channels[name].heard[0])
        assert EMAIL not in repr(channels[name].heard[0])
    company.deploy(everywhere, "personal_data: true\n")
    with writing(company.engine) as conn:
        handoffs.close(conn, TASK, "rep_1", "won", now=company.now)
    assert company.tell(company.make(f"{TASK}0")) is None
    assert all(channel.heard[1].person is not None for channel in channels.values())


def test_a_message_to_a_queue_reaches_all_its_reps_and_one_to_a_rep_that_one(make_company: MakeCompany) -> None:
    """Once each, however often the step is carried out."""
    email, slack = Kept(), Kept()
    company = make_company("email, slack", email=email, slack=slack)
    message = Message(key=f"{LEAD}/s/1/tell/1", lead=LEAD, to="inside", text="見てください")
    for _ in range(3):
        assert company.teller.message(message, company.now) is None
    assert sorted(notice.reader.rep for notice in email.heard if notice.reader) == ["rep_1", "rep_2"]
    assert [notice.text for notice in slack.heard] == ["見てください"]
    one = Message(key=f"{LEAD}/s/1/tell/2", lead=LEAD, to="rep_2", text="see")
    assert company.teller.message(one, company.now) is None
    assert [notice.reader.rep for notice in email.heard[2:] if notice.reader] == ["rep_2"]


def test_what_can_never_go_a_way_holds_nothing_up(make_company: MakeCompany) -> None:
    """A lead without an address is nobody in HubSpot: a line, and the task counts as told."""
    slack, hubspot = Kept(), HubSpot("token", "http://127.0.0.1:1")
    company = make_company("slack, hubspot", slack=slack, hubspot=hubspot)
    with writing(company.engine) as conn:
        conn.execute(update(lead_rows).values(email=None))
    company.make()
    assert company.tell() is None
    assert company.rows() == {"slack": "told", "hubspot": "dropped"}
    assert ("not_told", "hubspot", "the lead has no address, by which HubSpot knows people") in company.lines()


def test_why_it_was_not_taken_names_no_address(make_company: MakeCompany) -> None:
    """Whatever a provider says: it stands on the timeline and in the database."""
    company = make_company("slack", slack=Kept(NotTaken(f"mailbox {EMAIL} is full")))
    company.make()
    left = company.tell()
    assert left is not None
    assert EMAIL not in str(left.why)
    assert EMAIL not in str(company.lines())


def hand_over(company: Company, rep: str) -> None:
    """By the word of a person."""
    with writing(company.engine) as conn:
        giving.hand_to(
            conn, TASK, rep, by="a person", reason="on leave", now=company.now, definitions=company.store.current()
        )


def given_to(company: Company) -> list[str]:
    """Whom the notices say that the task is theirs now."""
    with reading(company.engine) as conn:
        return [each.to for each in task_notices.untold(conn, TASK) if each.kind == "given"]


def test_who_gets_a_task_that_one_channel_has_told_another_hears_of_it(make_company: MakeCompany) -> None:
    """Mail has told rep_1 and tells nobody else, Slack is down: rep_2 has a notice of their own."""
    email, slack = Kept(), Kept(NotTaken("it answered 500"))
    company = make_company("email, slack", email=email, slack=slack)
    company.make()
    assert company.tell() is not None
    hand_over(company, "rep_2")
    assert given_to(company) == ["rep_2"]
    slack.down = None
    company.tell_until_told()
    assert company.rows() == {"email/rep_1": "told", "slack": "told"}


def test_who_gets_a_task_while_the_first_mail_is_under_way_hears_of_it(make_company: MakeCompany) -> None:
    """It may have gone to rep_1, and then goes to nobody else."""
    company = make_company("email")

    class Slow(Kept):
        def deliver(self, notice: Notice) -> None:
            super().deliver(notice)
            hand_over(company, "rep_2")

    company.channels["email"] = Slow()
    company.make()
    assert company.tell() is None
    assert company.rows() == {"email/rep_1": "told"}
    assert given_to(company) == ["rep_2"]


def test_nobody_hears_twice_of_a_task_that_was_handed_over_before_anybody_heard(make_company: MakeCompany) -> None:
    """The first telling goes to whoever has it by then."""
    email = Kept()
    company = make_company("email", email=email)
    company.make()
    hand_over(company, "rep_2")
    assert given_to(company) == []
    assert company.tell() is None
    assert [notice.reader.rep for notice in email.heard if notice.reader] == ["rep_2"]


def test_a_task_that_comes_back_to_a_rep_is_told_to_that_rep(make_company: MakeCompany) -> None:
    """Mail is down while it goes from rep_1 to rep_2 and back: when mail is back, rep_1 hears of it, once."""
    email = Kept(NotTaken("it answered 500"))
    company = make_company("email", email=email)
    company.make()
    assert company.tell() is not None
    hand_over(company, "rep_2")
    assert company.tell() is not None
    assert company.rows() == {"email/rep_1": "dropped", "email/rep_2": "pending"}
    hand_over(company, "rep_1")
    email.down = None
    company.tell_until_told()
    assert company.rows() == {"email/rep_1": "told", "email/rep_2": "dropped"}
    assert [notice.reader.rep for notice in email.heard if notice.reader] == ["rep_1"]


def test_a_channel_that_sales_yaml_names_again_is_told_again(make_company: MakeCompany) -> None:
    """Taken out by mistake and put back; what can never go a way stays dropped."""
    slack, hubspot = Kept(NotTaken("it answered 410")), Kept(NeverTaken("nobody there"))
    company = make_company("slack, hubspot", slack=slack, hubspot=hubspot)
    company.make()
    assert company.tell() is not None
    company.deploy("")
    assert company.tell() is None
    with writing(company.engine) as conn:
        conn.execute(update(tasks).values(notified_real=None))
    company.deploy("slack, hubspot")
    slack.down = None
    company.tell_until_told()
    assert company.rows() == {"slack": "told", "hubspot": "dropped"}
    assert (len(slack.heard), hubspot.tried) == (1, 1)


def nudge(kind: Kind, queue: str) -> Nudge:
    """What is said of a task that rep_1 has."""
    return Nudge(kind, queue, "rep_1", START)


def test_a_rep_of_no_queue_hears_through_the_queue_of_the_task_else_by_mail(make_company: MakeCompany) -> None:
    """An escalation to the boss is not lost, nor is what a `notify` step says to a rep whom no queue has."""
    email, slack = Kept(), Kept()
    company = make_company("slack", email=email, slack=slack)
    about = Message(key=f"{TASK}/escalated", lead=LEAD, to="boss", text="late", nudge=nudge("escalated", "inside"))
    assert company.teller.message(about, company.now) is None
    assert ([each.to for each in slack.heard], [each.queue for each in slack.heard]) == (["boss"], ["inside"])
    assert email.heard == []
    plain = Message(key=f"{LEAD}/s/1/tell/1", lead=LEAD, to="boss", text="look")
    assert company.teller.message(plain, company.now) is None
    assert [each.reader.rep for each in email.heard if each.reader] == ["boss"]


def test_what_is_said_of_a_task_goes_through_the_channels_of_its_queue(make_company: MakeCompany) -> None:
    """Not through those of the queue that names its rep first."""
    email, slack = Kept(), Kept()
    company = make_company("slack", "\n  field: {reps: [rep_2], tell: [email]}", email=email, slack=slack)
    about = Message(key=f"{TASK}/reminder", lead=LEAD, to="rep_2", text="late", nudge=nudge("reminder", "field"))
    assert company.teller.message(about, company.now) is None
    assert ([each.queue for each in email.heard], slack.heard) == (["field"], [])


def hearers(email: Kept) -> list[str]:
    """Who had a mail, in the order of it."""
    return [notice.reader.rep for notice in email.heard if notice.reader]


def test_who_has_left_hears_of_nobody(make_company: MakeCompany) -> None:
    """Of a queue the others hear; of one rep the fallback does; where there is none, the timeline says so."""
    email = Kept()
    company = make_company("email", email=email)
    to_queue = Message(key="k/1", lead=LEAD, to="inside", text="look")
    to_rep = Message(key="k/2", lead=LEAD, to="rep_1", text="look")
    to_boss = Message(key="k/3", lead=LEAD, to="boss", text="look")
    company.deploy("email", without=("rep_1", "boss"))
    for message in (to_queue, to_rep, to_boss, to_boss):
        assert company.teller.message(message, company.now) is None
    assert hearers(email) == ["rep_2", "rep_2"]
    assert company.lines().count(("not_told", "email: boss", "boss is not active any more")) == 1
    company.deploy("email", without=("rep_1", "rep_2"))
    for _ in range(2):
        assert company.teller.message(Message(key="k/4", lead=LEAD, to="inside", text="x"), company.now) is None
    assert len(email.heard) == 2
    unheard = [subject for what, subject, _ in company.lines() if what == "not_told"]
    assert unheard == ["email: boss", "email: rep_1", "email: rep_2"]


def test_a_task_of_a_rep_who_has_left_is_told_to_whom_it_goes(make_company: MakeCompany) -> None:
    """Whoever comes first, the telling or the relay that passes it on."""
    email = Kept()
    company = make_company("email", email=email)
    company.make()
    company.deploy("email", without=("rep_1",))
    assert company.tell() is None
    with reading(company.engine) as conn:
        assert not handoffs.was_notified(conn, TASK)
    with writing(company.engine) as conn:
        giving.give(conn, TASK, company.store.current(), now=company.now)
    assert company.tell() is None
    assert hearers(email) == ["rep_2"]
    with reading(company.engine) as conn:
        assert handoffs.was_notified(conn, TASK)
    assert given_to(company) == []


def test_a_telling_waits_for_a_hand_over_that_is_under_way(make_company: MakeCompany) -> None:
    """Who hands over has seen that nobody was told: the telling that begins meanwhile goes to the new rep."""
    email = Kept()
    company = make_company("email", email=email)
    company.make()
    rules = company.store.current()
    with ThreadPoolExecutor(1) as threads:
        with writing(company.engine) as conn:
            giving.hand_to(conn, TASK, "rep_2", by="a person", reason="on leave", now=company.now, definitions=rules)
            telling = threads.submit(company.tell)
            time.sleep(0.3)
        assert telling.result(30) is None
    assert (hearers(email), given_to(company)) == (["rep_2"], [])
