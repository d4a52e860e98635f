"""Reps hear of their tasks in their language, through the channels of the task's queue, and only what is still true."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.desk import Desk
from activities.tasks import TaskActivities
from adapters.clock import Clock
from adapters.database import handoffs, task_notices, timeline
from adapters.database.engine import reading, writing
from adapters.mail.tokens import ConfirmationTokens, UnsubscribeTokens
from adapters.sales_channels.port import NotTaken
from nurture import protocol
from nurture.calendar import zone_of
from nurture.nudges import Kind, Nudge
from tests.sales.conftest import LEAD, PUBLIC, TASK, Company
from tests.sales.test_channels import Provider
from tests.sales.test_telling import Kept, hand_over

MakeCompany = Callable[..., Company]
HOUR = timedelta(hours=1)


def notify(company: Company) -> bool:
    """What the task's workflow does; False where something is left."""
    desk = Desk(
        engine=company.engine, clock=Clock(company.engine, real_now=lambda: company.now), store=company.store,
        mailer=Provider(), tokens=UnsubscribeTokens(b"k" * 64), confirmations=ConfirmationTokens(b"k" * 64),
        teller=company.teller, public_url=PUBLIC,
    )  # fmt: skip
    try:
        ActivityEnvironment().run(TaskActivities(desk).notify_handoff, protocol.HandoffStart(handoff=TASK, lead=LEAD))
    except ApplicationError:
        return False
    return True


def note(company: Company, kind: Kind, to: str) -> None:
    """Something is to be told of the task."""
    with writing(company.engine) as conn:
        task_notices.add(conn, TASK, kind, to=to, text="late", at=company.now)


def let_go(company: Company) -> list[str]:
    """Why something is not told any more."""
    with reading(company.engine) as conn:
        found = timeline.page(conn, LEAD, 200)[0]
    return [line["reason"] for line in found if line["what"] == "not_told" and line["subject"] == "rep_2"]


def test_a_rep_hears_in_the_language_of_the_rep(make_company: MakeCompany) -> None:
    """rep_1 reads Japanese, rep_2 English; times are those of the sender."""
    email = Kept()
    company = make_company("email", email=email)
    company.make()
    assert notify(company)
    note(company, "reminder", "rep_1")
    hand_over(company, "rep_2")
    assert notify(company)
    company.now += HOUR
    hand_over(company, "rep_1")
    note(company, "reminder", "rep_1")
    assert notify(company)
    said = [(notice.reader.rep, notice.text) for notice in email.heard if notice.reader and notice.text]
    assert said == [
        ("rep_2", "This task is yours now (inside)."),
        ("rep_1", "このタスクの担当があなたになりました(inside)。"),
        ("rep_1", "2026-12-01 09:30 にお渡ししたタスクが、まだ受け付けられていません(inside)。"),
    ]


def test_what_is_not_true_any_more_is_told_to_nobody(make_company: MakeCompany) -> None:
    """A reminder of a task that was accepted, an escalation of one, and what was for a rep who has it no more."""
    email = Kept(NotTaken("it answered 500"))
    company = make_company("email", email=email)
    company.make()
    email.down = None
    assert notify(company)
    email.down = NotTaken("it answered 500")
    hand_over(company, "rep_2")
    note(company, "reminder", "rep_2")
    note(company, "escalated", "boss")
    note(company, "woken", "rep_1")
    assert not notify(company)
    with writing(company.engine) as conn:
        handoffs.accept(conn, TASK, "rep_2", now=company.now)
    email.down = None
    company.now += HOUR
    assert notify(company)
    assert [(notice.reader.rep, notice.text) for notice in email.heard[1:] if notice.reader] == [
        ("rep_2", "This task is yours now (inside).")
    ]
    assert sorted(let_go(company)) == [
        "escalated to boss: it is accepted by now", "reminder to rep_2: it is accepted by now",
        "woken to rep_1: rep_2 has it by now",
    ]  # fmt: skip
    assert "pending" not in company.rows().values()
    with reading(company.engine) as conn:
        assert task_notices.untold(conn, TASK) == []


def test_what_waited_for_a_channel_is_let_go_once_the_task_is_closed(make_company: MakeCompany) -> None:
    """But that tasks wait is so, whatever becomes of this one."""
    email = Kept()
    company = make_company("email", email=email)
    company.make()
    assert notify(company)
    hand_over(company, "rep_2")
    note(company, "waiting", "inside")
    with writing(company.engine) as conn:
        handoffs.close(conn, TASK, "rep_2", "won", now=company.now)
    assert notify(company)
    assert let_go(company) == ["given to rep_2: it is won by now"]
    assert sorted(notice.reader.rep for notice in email.heard[1:] if notice.reader) == ["rep_1", "rep_2"]
    assert {notice.links["page"] for notice in email.heard[1:]} == {f"{PUBLIC}/desk/team?queue=inside"}


def test_an_escalation_goes_through_the_queue_of_the_task(make_company: MakeCompany) -> None:
    """To somebody whom no queue names, where the queue tells in Slack."""
    slack = Kept()
    company = make_company("slack", slack=slack)
    company.make()
    note(company, "escalated", "boss")
    assert notify(company)
    assert [(notice.to, notice.queue) for notice in slack.heard[1:]] == [("boss", "inside")]
    assert {notice.links["page"] for notice in slack.heard} == {f"{PUBLIC}/desk/{TASK}"}


@pytest.mark.parametrize("kind", ["given", "reminder", "woken", "escalated", "waiting"])
def test_every_notice_has_words_in_both_languages(make_company: MakeCompany, kind: Kind) -> None:
    """With the queue, and when it is due."""
    company = make_company()
    zone = zone_of(None, company.store.current())
    at = datetime(2026, 12, 1, 0, 0, tzinfo=UTC)
    nudge = Nudge(kind, "inside", None, at, at, at + HOUR)
    japanese, english = nudge.words("ja", zone), nudge.words("en", zone)
    assert "inside" in japanese
    assert "inside" in english
    assert japanese.isascii() is False
    assert english.isascii()
    assert ("2026-12-01 10:00" in japanese) == ("2026-12-01 10:00" in english) == (kind != "waiting")
