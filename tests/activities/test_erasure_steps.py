"""The steps of an erasure at the provider and in the ledger: what is tried again, what is told, what stays quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError

from activities.erasure import ErasureActivities
from activities.tasks import TaskActivities
from adapters.database import consents, erasures, handoffs
from adapters.database.deployments import deploy
from adapters.database.engine import reading, writing
from adapters.database.schema import audit, leads
from adapters.database.schema import consents as consent_rows
from adapters.database.schema import erasures as erasure_rows
from nurture import protocol
from nurture.commands import MakeHandoff, TaskDone
from tests.activities.conftest import EMAIL, LEAD, SendDesk, files
from tests.core.stage import SALES
from tests.mail.fake_provider import Fault

ORDER = protocol.Erase(lead=LEAD)
GAVE_UP = protocol.Erase(lead=LEAD, give_up=True)


def erasing(desk: SendDesk) -> ErasureActivities:
    """The activities, with the ports of the desk."""
    return ErasureActivities(desk.activities._desk)


def asked(desk: SendDesk) -> None:
    """Somebody has asked for it."""
    with writing(desk.engine) as conn:
        erasures.ask(conn, LEAD, by="ops", now=desk.now(), real_now=desk.now())


def of(desk: SendDesk) -> erasures.Erasure:
    """How far it is."""
    with reading(desk.engine) as conn:
        found = erasures.of(conn, LEAD)
    assert found is not None
    return found


def run(desk: SendDesk, order: protocol.Erase = ORDER) -> None:
    """One attempt at the provider."""
    desk.environment.run(erasing(desk).erase_at_provider, order)


def test_the_provider_is_asked_once_it_has_answered(desk: SendDesk) -> None:
    """A repeat finds no address any more, and asks nobody."""
    asked(desk)
    run(desk)
    run(desk)
    assert desk.provider.erased == [EMAIL]
    assert (of(desk).provider, (of(desk).provider_said or "")[:4]) == ("accepted", "job ")


@pytest.mark.parametrize("status", [429, 500, 503, 401])
def test_trouble_of_the_provider_is_tried_again_and_names_nobody(desk: SendDesk, status: int) -> None:
    """The error goes into Temporal's history and the log: neither holds the address, whatever the provider repeats."""
    asked(desk)
    body = f'{{"errors":[{{"message":"{EMAIL} later"}}]}}'.encode()
    desk.provider.fail_next(Fault(status=status, body=body, reset_after=timedelta(seconds=5)))
    with capture_logs() as logs, pytest.raises(ApplicationError) as raised:
        run(desk)
    assert not raised.value.non_retryable
    assert EMAIL not in str(raised.value)
    assert EMAIL not in str(logs)
    assert [line["event"] for line in logs] == (["provider_does_not_erase"] if status == 401 else [])
    assert (raised.value.next_retry_delay is not None) == (status == 429)
    run(desk)
    assert of(desk).provider == "accepted"


@pytest.mark.parametrize("how", ["refused", "given up"])
def test_a_refusal_is_told_and_ends_it(desk: SendDesk, how: str) -> None:
    """A person has to do it by hand: the log and the erasure say so; the address is kept until that is done."""
    asked(desk)
    desk.provider.fail_next(Fault(status=400))
    with capture_logs() as logs:
        run(desk, ORDER if how == "refused" else GAVE_UP)
    assert [line["event"] for line in logs] == ["provider_refused_to_erase"]
    assert of(desk).provider == "refused"
    assert "by hand" in (of(desk).provider_said or "")
    desk.environment.run(erasing(desk).scrub, ORDER)
    run(desk)
    assert len(desk.provider.erased) == 0, "it was refused: nobody asks again"
    with writing(desk.engine) as conn:
        assert erasures.addresses_of(conn, LEAD) == []
        assert erasures.addresses_of(conn, LEAD, while_it_is="refused") == [EMAIL]
        for _ in range(2):
            assert erasures.done_by_hand(conn, LEAD, by="ops", now=desk.now()).provider == "by_hand"
        assert conn.execute(select(erasure_rows.c.addresses)).scalar_one() == []
        did = conn.execute(select(audit.c.did).where(audit.c.subject == LEAD).order_by(audit.c.id)).scalars().all()
        assert did == ["erase", "erased_at_provider"]


def test_rule_2_no_mail_begins_after_an_erasure(desk: SendDesk) -> None:
    """The order is out, and nobody has told the workflow yet: the gate finds nobody to send to."""
    asked(desk)
    result = desk.send()
    assert (result.outcome, desk.taken()) == ("refused", 0)


def test_sales_gets_no_task_about_an_erased_person(desk: SendDesk) -> None:
    """It was commanded before the erasure and is carried out after it: too late, and nobody is told."""
    with writing(desk.engine) as conn:
        told = files() | {"sales.yaml": SALES}
        deploy(conn, told, [], by="tests", now=desk.now(), real_now=desk.now())
    desk.store.refresh()
    command = MakeHandoff(
        lead=LEAD, handoff=f"{LEAD}/reply/1", queue="inside", note=None, reasons=("replied",),
        scenario="", enrolment=0, step="", visit=0, at=desk.now(), deployment=1, letters=("replied",),
    )  # fmt: skip
    asked(desk)
    order = protocol.Order(command=command, records=())
    done: TaskDone = desk.environment.run(TaskActivities(desk.activities._desk).make_handoff, order)
    assert (done.too_late, done.key, done.letters) == (True, command.handoff, ())
    with reading(desk.engine) as conn:
        assert handoffs.page(conn) == ([], None)


def test_not_even_the_file_of_the_database_holds_the_address(desk: SendDesk) -> None:
    """What SQLite deletes it overwrites, also in its log: nobody finds it with an editor."""
    if desk.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL frees its pages itself")
    file = Path(str(desk.engine.url.database))

    def bytes_of_all() -> bytes:
        return b"".join(each.read_bytes() for each in file.parent.glob(f"{file.name}*"))

    assert desk.send().outcome == "accepted"
    desk.upsert(name="架空 次郎")
    assert EMAIL.encode() in bytes_of_all()
    asked(desk)
    desk.environment.run(erasing(desk).scrub, ORDER)
    run(desk)
    for text in (EMAIL, "例示 太郎", "架空 次郎"):
        assert text.encode() not in bytes_of_all()


def test_a_mail_on_its_way_is_waited_for_and_its_words_go(desk: SendDesk) -> None:
    """The provider took it and the answer was lost: nothing is scrubbed before it is settled."""
    desk.left_in_flight()
    asked(desk)
    with writing(desk.engine) as conn:  # its workflow has heard of it
        conn.execute(update(leads).values(seq=leads.c.last_seq))
    assert not desk.environment.run(erasing(desk).let_go, ORDER).done
    assert desk.send().outcome == "unknown"
    assert desk.environment.run(erasing(desk).let_go, ORDER).done
    desk.environment.run(erasing(desk).scrub, ORDER)
    assert (desk.row().state, desk.row().reason, desk.row().subject) == ("unknown", None, None)
    assert [line["what"] for line in desk.lines()] == ["erased"]


def test_the_record_of_consent_goes_a_month_after_the_last_mail(make_desk: Callable[..., SendDesk]) -> None:
    """The workflow is told how long to wait, in real time; then nothing is left, and asking again says so."""
    desk = make_desk()
    assert desk.send().outcome == "accepted"
    asked(desk)
    desk.environment.run(erasing(desk).scrub, ORDER)
    run(desk)
    wait = desk.environment.run(erasing(desk).keep_consents, ORDER).wait
    assert wait is not None
    assert timedelta(days=30, hours=23) < wait <= timedelta(days=31)
    desk.ahead = timedelta(days=31, seconds=1)
    for _ in range(2):
        assert desk.environment.run(erasing(desk).keep_consents, ORDER).wait is None
    with reading(desk.engine) as conn:
        assert conn.execute(select(consent_rows)).all() == []
        assert consents.suppressed(conn, EMAIL, "newsletter") == "erased"
    assert of(desk).state == "done"
