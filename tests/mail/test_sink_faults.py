"""The sink on a bad day, over real HTTP: what it was told to do wrong it does, so often as told, and no more."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from adapters.database.engine import reading
from adapters.database.schema import events, inbox, suppressions
from adapters.mail.faults import Faults, read_fault
from adapters.mail.port import Accepted, Held, Unknown
from adapters.mail.sendgrid import SendGridMailer
from adapters.mail.sink import sink_api_key
from tests.mail.test_sink import MAIL, Web, eventually, waiting


@pytest.fixture
def web(engine: Engine, tmp_path: Path) -> Iterator[Web]:
    """A sink whose events are told."""
    running = Web(engine, tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def have(web: Web) -> Callable[..., Faults]:
    """Switches a fault on, as another process would."""
    faults = Faults(web.engine)

    def switch(fault: str, **said: Any) -> Faults:
        faults.set(read_fault({"fault": fault, **said}))
        time.sleep(0.3)  # a process believes what it has read for a moment
        return faults

    return switch


def mailer(web: Web) -> SendGridMailer:
    """One that soon gives up waiting, and believes the sink's list."""
    return SendGridMailer(
        api_key=sink_api_key(web.engine),
        host=f"{web.url}/sink",
        timeout=timedelta(seconds=1),
        lookups_are_complete=True,
    )


def taken(web: Web) -> int:
    """How many mails the sink holds."""
    with reading(web.engine) as conn:
        return len(conn.execute(select(inbox.c.id)).all())


def test_a_rate_limit_says_when_it_is_over_and_is_over_after_its_count(web: Web, have: Callable[..., Faults]) -> None:
    """Two mails meet it, and nothing of them is kept; the third goes."""
    faults = have("rate_limit", reset_after=30, count=2)
    for _ in range(2):
        answer = mailer(web).send(MAIL)
        assert isinstance(answer, Held)
        assert answer.provider_wide
        assert answer.retry_after is not None
        assert timedelta(seconds=29) < answer.retry_after < timedelta(seconds=33)
    assert taken(web) == 0
    assert isinstance(mailer(web).send(MAIL), Accepted)
    (told,) = faults.list()
    assert (told["struck"], told["left"]) == (2, 0)


@pytest.mark.parametrize(("status", "alert"), [(401, True), (403, True), (500, False), (503, False)])
def test_a_failure_is_no_acceptance(web: Web, have: Callable[..., Faults], status: int, alert: bool) -> None:
    """As a provider that is out, or that refuses our key."""
    have("failure", status=status)
    answer = mailer(web).send(MAIL)
    assert isinstance(answer, Held)
    assert (answer.alert, taken(web)) == (alert, 0)


@pytest.mark.parametrize(("fault", "said"), [("drop", {}), ("stall", {"seconds": 1.5})])
@pytest.mark.parametrize("was_taken", [True, False])
def test_a_lost_answer_leaves_the_mail_taken_or_not(
    web: Web, have: Callable[..., Faults], fault: str, said: dict[str, Any], was_taken: bool
) -> None:
    """Nobody can tell by the connection; the list can."""
    have(fault, taken=was_taken, count=1, **said)
    assert isinstance(mailer(web).send(MAIL), Unknown)
    assert taken(web) == int(was_taken)
    assert mailer(web).lookup(MAIL.send_key) == ("accepted" if was_taken else "absent")


def test_a_slow_answer_is_an_answer(web: Web, have: Callable[..., Faults]) -> None:
    """It comes in time, and the mail is there once."""
    have("slow", seconds=0.5)
    began = time.monotonic()
    assert isinstance(mailer(web).send(MAIL), Accepted)
    assert 0.5 < time.monotonic() - began < 1
    assert taken(web) == 1


def test_a_sink_without_a_list_never_tells(web: Web, have: Callable[..., Faults]) -> None:
    """Neither of a mail it has nor of one it has not; and it does again when the fault is off."""
    assert isinstance(mailer(web).send(MAIL), Accepted)
    faults = have("no_lookup")
    assert mailer(web).lookup(MAIL.send_key) == "never_tells"
    assert mailer(web).lookup("another") == "never_tells"
    assert faults.off() == 1
    time.sleep(0.3)
    assert mailer(web).lookup(MAIL.send_key) == "accepted"


def test_a_share_of_the_mails_is_struck(web: Web, have: Callable[..., Faults]) -> None:
    """A third of sixty: surely some, and surely not all."""
    have("failure", rate=0.33)
    answers = Counter(
        type(mailer(web).send(replace(MAIL, send_key=f"lead_1/a/1/b/{number}"))).__name__ for number in range(60)
    )
    assert answers["Held"] > 3
    assert answers["Accepted"] > 20
    assert taken(web) == answers["Accepted"]


@pytest.mark.parametrize("rekey", [True, False])
def test_what_is_told_often_and_in_no_order_counts_once(web: Web, have: Callable[..., Faults], rekey: bool) -> None:
    """Copies come in the same batch and in another one, under the same name or under new ones."""
    have("duplicate", times=4, rekey=rekey)
    faults = have("shuffle")
    web.post(f"/api/inbox/{web.send()}/open")
    eventually(lambda: waiting(web.engine) == [])
    assert sorted(web.types()) == ["delivered", "opened"]
    assert all(each["struck"] for each in faults.list())


def test_late_events_wait_and_come(web: Web, have: Callable[..., Faults]) -> None:
    """Two hours, at a speed at which that is a second: the time in them is the one at which they happened."""
    have("late", hours=1 / 3600)
    web.send()
    time.sleep(0.6)
    assert web.types() == []
    eventually(lambda: web.types() == ["delivered"])


def test_half_of_the_events_can_be_late(web: Web, have: Callable[..., Faults]) -> None:
    """The others are told as always."""
    have("late", hours=1, rate=0.5)
    for number in range(100):
        web.send(replace(MAIL, send_key=f"lead_1/a/1/b/{number}"))
    eventually(lambda: len(waiting(web.engine)) == 100, within=60)
    assert len(web.types()) == 50


def test_forged_batches_are_refused_and_the_true_ones_are_taken(web: Web, have: Callable[..., Faults]) -> None:
    """They would suppress the address: it is not."""
    faults = have("forge")
    web.send()
    eventually(lambda: web.types() == ["delivered"])
    eventually(lambda: faults.list()[0]["struck"] >= 1)
    with reading(web.engine) as conn:
        assert conn.execute(select(suppressions)).all() == []


def test_a_flood_of_machines_is_kept_and_marked(web: Web, have: Callable[..., Faults]) -> None:
    """A thousand opens for each of the two events: all are stored once, none is a person's."""
    have("flood", opens=1000, count=1)
    web.send()
    eventually(lambda: waiting(web.engine) == [])
    with reading(web.engine) as conn:
        found = Counter((row.type, row.automatic) for row in conn.execute(select(events.c.type, events.c.automatic)))
    assert found[("delivered", False)] == 1
    assert found[("opened", False)] == 0
    assert found[("opened", True)] >= 1000
