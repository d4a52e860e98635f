"""`nurture mail`: what is stopped, and letting it go."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

from sqlalchemy import insert, select

from adapters.database.engine import open_database, reading, writing
from adapters.database.schema import audit, mail_stops
from tests.cli.conftest import Nurture

REASON = "6 of 100 mails went to addresses that do not exist: 6.00 %, and 5 % is the limit"


def stopped(scope: str, name: str, state: str = "stopped") -> None:
    """Something was stopped."""
    engine = open_database(os.environ["NURTURE_DATABASE_URL"])
    with writing(engine) as conn:
        conn.execute(
            insert(mail_stops).values(
                scope=scope, name=name, state=state, since=datetime.now(UTC), until=None, times=0, reason=REASON
            )
        )
    engine.dispose()


def test_nothing_is_stopped_at_first(deployed: Nurture) -> None:
    """Said in words, and as data."""
    assert deployed("mail", "stops").out.strip() == "no mail is stopped"
    assert json.loads(deployed("mail", "stops", "--format", "json").out) == {"stops": [], "provider": None, "mails": 0}


def test_a_stop_is_shown_with_its_reason_and_ended_once(deployed: Nurture) -> None:
    """The second time there is nothing to resume; the audit has who did it."""
    stopped("scenario", "seminar_to_demo")
    stopped("all", "", "warned")
    said = deployed("mail", "stops")
    assert REASON in said.out
    assert "mail of seminar_to_demo" in said.out
    assert deployed("mail", "resume", "seminar_to_demo", "--by", "rei").code == 0
    again = deployed("mail", "resume", "seminar_to_demo")
    assert (again.code, "not stopped" in again.err) == (1, True)
    engine = open_database(os.environ["NURTURE_DATABASE_URL"])
    with reading(engine) as conn:
        row = conn.execute(select(audit).where(audit.c.did == "resume_mail")).one()
    engine.dispose()
    assert (row.by, row.subject, row.details["reason"]) == ("rei", "scenario seminar_to_demo", REASON)


def test_a_resume_says_what_else_stops_the_mail(deployed: Nurture) -> None:
    """With one scenario only, both its own mail and all mail stop: each has to be resumed."""
    stopped("scenario", "seminar_to_demo")
    stopped("all", "")
    assert "nurture mail resume --all" in deployed("mail", "resume", "seminar_to_demo").out
    assert "within ten minutes" in deployed("mail", "resume", "--all").out


def test_a_resume_wants_exactly_one_thing(deployed: Nurture) -> None:
    """Neither nothing nor two at once; a warning is no stop."""
    stopped("all", "", "warned")
    for words in ((), ("seminar_to_demo", "--all"), ("--all", "--domain", "example.com"), ("--all",)):
        assert deployed("mail", "resume", *words).code == 1
