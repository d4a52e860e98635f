"""People, their links and sessions, and the record of who changed what, on either database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, event, insert, select

from adapters.database import audit, scrubbing, sessions, user_links, users
from adapters.database.engine import reading, writing
from adapters.database.schema import audit as rows
from adapters.database.schema import erasures, handoffs, leads
from adapters.database.schema import sessions as session_rows
from adapters.database.users import LastAdmin, User
from nurture.errors import NurtureError, UnknownName

NOW = datetime(2026, 11, 27, 9, tzinfo=UTC)


def person(engine: Engine, login: str, role: str = "marketer", kept: str | None = "hash") -> User:
    """A user; without a password, only invited."""
    with writing(engine) as conn:
        user = users.add(conn, login, name=login, role=role, rep=None, real_now=NOW)
        if kept is not None:
            users.set_password(conn, user.id, kept)
        return users.named(conn, login)


def test_a_login_name_is_one_word_in_lower_case_and_taken_once(engine: Engine) -> None:
    """No address, since it stands in the audit for good; nor anything that looks like another name."""
    assert person(engine, " Hanako.Sato ").login == "hanako.sato"
    for login in ("HANAKO.SATO", "a@b.example", "a", "はなこ", "a b", "-a", "x" * 65, "a\u0131"):
        with pytest.raises(NurtureError), writing(engine) as conn:
            users.add(conn, login, name="x", role="ops", rep=None, real_now=NOW)
    with pytest.raises(UnknownName), reading(engine) as conn:
        users.named(conn, "hanako.sat")


def test_of_two_admins_who_shut_each_other_out_at_once_one_stays(engine: Engine) -> None:
    """Whichever comes second is refused; invited ones who have no password yet do not count."""
    person(engine, "first", "admin")
    person(engine, "second", "admin")
    person(engine, "invited", "admin", None)
    refused: list[str] = []
    ready = threading.Barrier(2)

    def shut_out(login: str) -> None:
        ready.wait()
        try:
            with writing(engine) as conn:
                users.deactivate(conn, login)
        except LastAdmin:
            refused.append(login)

    threads = [threading.Thread(target=shut_out, args=(login,)) for login in ("first", "second")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(refused) == 1
    with reading(engine) as conn:
        assert [each.login for each in users.listed(conn) if each.active and each.has_password] == refused


def test_the_last_admin_stays_without_a_password_too(engine: Engine) -> None:
    """Reset on the command line, or only invited: with nobody in that role there would be no way back in."""
    person(engine, "boss", "admin")
    with writing(engine) as conn:
        users.forget_password(conn, "boss")
    person(engine, "invited", "admin", None)
    for change in (users.deactivate, lambda conn, login: users.give_role(conn, login, "ops", None)):
        with pytest.raises(LastAdmin), writing(engine) as conn:
            change(conn, "boss")
    person(engine, "second", "admin")
    with writing(engine) as conn:
        assert not users.deactivate(conn, "boss").active


def test_a_link_is_used_by_one_of_two_who_come_at_once(engine: Engine) -> None:
    """And by nobody afterwards; a newer invitation ends the older one, a link of another kind is none."""
    user = person(engine, "hanako")
    with writing(engine) as conn:
        older = user_links.make(conn, "invitation", user.id, NOW)
        token = user_links.make(conn, "invitation", user.id, NOW)
        assert user_links.look(conn, older, "invitation", NOW) is None
        assert user_links.look(conn, token, "entry", NOW) is None
        assert user_links.look(conn, token, "invitation", NOW + user_links.LIFE + timedelta(seconds=1)) is None
    used: list[user_links.Link | None] = []
    ready = threading.Barrier(2)

    def use() -> None:
        ready.wait()
        with writing(engine) as conn:
            used.append(user_links.use(conn, token, "invitation", NOW))

    threads = [threading.Thread(target=use) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(link is None for link in used) == [False, True]


def test_sessions_are_kept_as_hashes_and_swept_when_they_have_run_out(engine: Engine) -> None:
    """A copy of the table lets nobody in."""
    user = person(engine, "hanako")
    with writing(engine) as conn:
        old = sessions.begin(conn, user.id, "x" * 100, NOW)
        new = sessions.begin(conn, user.id, "Firefox", NOW + timedelta(hours=13))
        kept = conn.execute(select(session_rows)).all()
        assert [row.browser for row in kept] == ["Firefox"]
        assert new not in str(kept)
        assert sessions.of(conn, old, NOW) is None
        found = sessions.of(conn, new, NOW + timedelta(hours=14))
        assert found is not None
        assert (found.user.login, found.stale) == ("hanako", True)
        assert [each.this for each in sessions.listed(conn, user.id, new, NOW + timedelta(hours=14))] == [True]


def test_what_is_noted_says_who_acts(engine: Engine) -> None:
    """Whoever was told of at the edge, also in another's code; nobody, where the system acts by itself."""
    with audit.acting(audit.Act(by="hanako", via="user", role="ops")) as act, writing(engine) as conn:
        audit.note(conn, "pause", "l1", at=NOW, reason="asked for it")
        assert act.noted
    with writing(engine) as conn:
        audit.note(conn, "erased", "l1", at=NOW, by="relay")
        items, following = audit.rows(conn, 1, None, subject="l1")
        assert [(each.by, each.via) for each in items] == [("relay", None)]
        items, following = audit.rows(conn, 1, following, subject="l1")
    assert following is None
    assert [(each.by, each.role, each.reason) for each in items] == [("hanako", "ops", "asked for it")]


def test_an_erasure_takes_the_words_out_of_what_was_noted(engine: Engine) -> None:
    """About the lead and its tasks; who did what and when stays."""
    with writing(engine) as conn:
        for lead in ("l1", "l10"):
            conn.execute(insert(leads).values(id=lead, language="ja", created_at=NOW))
        conn.execute(insert(erasures).values(lead="l1", addresses=[], seq=1, by="x", asked_at=NOW, provider="asked"))
        # the task of a lead that was merged into l1 keeps its id
        tasks = {"l1/s/1/to_sales/1": "l1", "l7/s/1/to_sales/1": "l1", "l10/s/1/to_sales/1": "l10"}
        for task, lead in tasks.items():
            values = {"id": task, "lead": lead, "queue": "q", "state": "returned", "made_at": NOW}
            conn.execute(insert(handoffs).values(values))
        for subject in ("l1", "l10", *tasks):
            audit.note(conn, "return_task", subject, at=NOW, reason="鈴木さんが退職")
        scrubbing.scrub(conn, "l1", NOW)
        left = conn.execute(select(rows.c.subject, rows.c.reason).where(rows.c.did == "return_task")).all()
    forgotten = {subject for subject, reason in left if reason is None}
    assert forgotten == {"l1", "l1/s/1/to_sales/1", "l7/s/1/to_sales/1"}
    assert len(left) == 5


def test_an_erasure_does_not_read_the_whole_audit(engine: Engine) -> None:
    """Its rows are found by the index, however many there are."""
    if engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL's plan depends on how much there is")
    asked: list[tuple[str, Any]] = []
    event.listen(engine, "before_cursor_execute", lambda _c, _cur, said, given, *_: asked.append((said, given)))
    with writing(engine) as conn:
        audit.forget_reasons(conn, "l1")
    updates = [each for each in asked if each[0].startswith("UPDATE audit")]
    with reading(engine) as conn:
        plans = [str(conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {said}", given).all()) for said, given in updates]
    assert plans
    assert all("SEARCH audit USING INDEX ix_audit_subject" in plan and "SCAN" not in plan for plan in plans), plans
