"""A letter whose task sales closed in the same moment: the activity says so, and the lead's workflow makes another."""

from __future__ import annotations

import pytest

from activities.tasks import TaskActivities
from adapters.database import handoffs
from adapters.database.deployments import deploy
from adapters.database.engine import writing
from nurture import protocol
from nurture.commands import MakeHandoff, TaskDone
from tests.activities.conftest import LEAD, SendDesk, files

SALES = """\
reps: [{rep: rep_1, name: 見本 花子, email: rep@example.com}]
queues: {inside: {reps: [rep_1]}}
"""
LETTER = "replied: news"


def make(desk: SendDesk, *reasons: str, letters: tuple[str, ...] = ()) -> TaskDone:
    """Carry out the order to make the task, or to join it."""
    command = MakeHandoff(
        lead=LEAD, handoff=f"{LEAD}/reply/1", queue="inside", note=None, reasons=reasons, letters=letters,
        scenario="", enrolment=0, step="", visit=0, at=desk.now(), deployment=1,
    )  # fmt: skip
    done: TaskDone = desk.environment.run(
        TaskActivities(desk.desk).make_handoff, protocol.Order(command=command, records=())
    )
    return done


@pytest.mark.parametrize(
    ("reasons", "letters", "error"),
    [
        ((LETTER,), (LETTER,), None),
        (("hot: score", LETTER), (LETTER,), "hot: score came too late"),
        (("hot: score",), (), "hot: score came too late"),
    ],
)
def test_what_comes_too_late_for_its_task_says_which_of_it_are_letters(
    desk: SendDesk, reasons: tuple[str, ...], letters: tuple[str, ...], error: str | None
) -> None:
    """A letter is no fault: somebody reads it. What else came too late waits for a person."""
    with writing(desk.engine) as conn:
        deploy(conn, files() | {"sales.yaml": SALES}, [], by="tests", now=desk.now(), real_now=desk.now())
    desk.store.refresh()
    assert make(desk, "replied: first").too_late is False
    with writing(desk.engine) as conn:
        handoffs.close(conn, f"{LEAD}/reply/1", "rep_1", "lost", now=desk.now())
    done = make(desk, *reasons, letters=letters)
    assert (done.too_late, done.letters) == (True, letters)
    assert (done.error is None) == (error is None)
    assert (done.error or "").endswith(error or "")
