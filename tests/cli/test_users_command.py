"""`nurture users`: people are invited by links, never given passwords; and what the command line did is noted."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from adapters.database import audit, user_links, users
from adapters.database.engine import open_database, reading, writing
from adapters.database.migrating import Walker
from adapters.database.schema import enrolments, leads
from adapters.settings import read_settings
from cli.opening import Data
from cli.welcoming import DEMO, demo_links, say_first_link
from tests.cli.conftest import Nurture


def changes() -> list[audit.Change]:
    """What the audit says, the oldest first."""
    engine = open_database(read_settings().database_url)
    with reading(engine) as connection:
        found, _ = audit.rows(connection, 100, None)
    engine.dispose()
    return found[::-1]


def noted() -> list[tuple[str, str, str | None]]:
    """Of each change what, on what, and by which way."""
    return [(each.did, each.subject or "", each.via) for each in changes()]


def test_a_person_is_invited_by_a_link_that_is_shown_once(nurture: Nurture) -> None:
    """It alone is on stdout; it is good for a day; the list shows no link and says who has no password yet."""
    assert nurture("users", "list").out.startswith("no users yet")
    said = nurture("users", "add", "Hanako.Sato", "--name", "佐藤 花子", "--role", "marketer")
    assert said.code == 0, said.err
    url, token = said.out.strip().split("?token=")
    assert url.endswith("/invitation")
    engine = open_database(read_settings().database_url)
    now = datetime.now(UTC)
    with reading(engine) as connection:
        link = user_links.look(connection, token, "invitation", now + timedelta(hours=23))
        assert user_links.look(connection, token, "invitation", now + timedelta(hours=25)) is None
    engine.dispose()
    assert link is not None
    assert link.user is not None
    assert (link.user.login, link.user.role, link.user.name) == ("hanako.sato", "marketer", "佐藤 花子")
    listed = nurture("users", "list")
    assert token not in listed.out
    assert "no password yet" in listed.out
    anew = nurture("users", "reset", "hanako.sato")
    assert token not in anew.out


def test_roles_change_and_people_are_shut_out(nurture: Nurture) -> None:
    """Each is one row of the audit, with the login name and no other name."""
    nurture("users", "add", "taro", "--name", "営業 太郎", "--role", "sales", "--rep", "rep_1")
    assert nurture("users", "role", "taro", "--role", "ops").out.strip() == "taro is ops now"
    assert nurture("users", "deactivate", "taro").code == 0
    assert "deactivated" in nurture("users", "list").out
    assert nurture("users", "reset", "taro").code == 1
    assert "nurture users reset taro" in nurture("users", "activate", "taro").out
    assert noted() == [
        ("add_user", "taro", "cli"), ("give_role", "taro", "cli"), ("deactivate_user", "taro", "cli"),
        ("activate_user", "taro", "cli"),
    ]  # fmt: skip


def test_wrong_words_are_refused_with_near_ones(nurture: Nurture) -> None:
    """Addresses, roles of programs, reps that nobody is, people who are not there: nothing is made."""
    assert nurture("deploy").code == 0
    for arguments, word in (
        (("add", "a@example.com", "--name", "x", "--role", "ops"), "not an address"),
        (("add", "taro", "--name", "x", "--role", "intake"), "known: admin, marketer, ops, sales"),
        (("add", "taro", "--name", "x", "--role", "sales", "--rep", "rep_11"), "'rep_1'"),
        (("add", "taro", "--name", "x", "--role", "ops", "--rep", "rep_1"), "has no rep"),
        (("deactivate", "taro"), "there is no user yet"),
    ):
        said = nurture("users", *arguments)
        assert (said.code, word in said.err) == (1, True), said.err
    assert nurture("users", "list").out.startswith("no users yet")


def test_changes_of_the_command_line_are_noted(nurture: Nurture) -> None:
    """Keys, deployments, leads brought in, enrolments and agreements, each by whoever sat there."""
    nurture("deploy")
    nurture("keys", "add", "--role", "intake", "--name", "website")
    nurture("keys", "remove", "website")
    nurture("leads", "import", "scenarios/leads.csv")
    nurture("enroll", "seminar_to_demo", "--lead", "lead_001")
    nurture("hot", "agree", "--by", "marketing", "--by", "sales", "--date", "2026-11-02")
    assert noted() == [
        ("deploy", "1", "cli"), ("add_key", "website", "cli"), ("remove_key", "website", "cli"),
        ("import_leads", "leads", "cli"), ("enrol", "seminar_to_demo", "cli"), ("agree", "hot_lead.yaml", "cli"),
    ]  # fmt: skip


def test_what_deployments_and_migrations_do_to_leads_is_noted(
    nurture: Nurture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Enrolled, handed over, moved to another deployment: one row for each command, with counts; none for nobody."""

    async def move(data: Data, going: list[Walker], to: int) -> list[tuple[str, str]]:
        with writing(data.engine) as connection:
            of_one = (enrolments.c.lead == going[0].lead, enrolments.c.enrolment == 1)
            connection.execute(update(enrolments).where(*of_one).values(deployment=to))
        return []

    monkeypatch.setattr("cli.migrate._move", move)
    segments, hot = Path("scenarios/segments.yaml"), Path("scenarios/hot_lead.yaml")
    wide = segments.read_text(encoding="utf-8")
    segments.write_text(wide.replace("at_most: 100", "at_most: 60"), encoding="utf-8")
    nurture("deploy")
    Path("leads.csv").write_text("id,employees,industry\nl1,80,telecom\nl2,90,telecom\n")
    nurture("leads", "import", "leads.csv")
    segments.write_text(wide, encoding="utf-8")
    nurture("deploy", "--hand-over", "--enroll-existing")
    hot.write_text(hot.read_text(encoding="utf-8").replace("at_least: 120", "at_least: 1"), encoding="utf-8")
    nurture("deploy", "--hand-over")
    nurture("deploy", "--hand-over")
    engine = open_database(read_settings().database_url)
    with writing(engine) as connection:
        connection.execute(update(leads).values(step="seminar_invite"))  # as if a worker had let them begin
    engine.dispose()
    assert "1 lead(s) moved" in nurture("migrate", "seminar_to_demo", "--from", "2", "--to", "3").out
    other = [(each.did, each.subject, each.details) for each in changes()]
    assert [each for each in other if each[0] not in ("deploy", "import_leads")] == [
        ("enrol", "seminar_to_demo", {"enrolled": 2, "queued": 0, "refused": 0}),
        ("hand_over", "3", {"leads": 2}),
        ("migrate", "seminar_to_demo", {"from": 2, "to": 3, "moved": 1, "left": 1}),
    ]


async def test_up_says_how_the_first_admin_comes_in_until_there_is_somebody(
    nurture: Nurture, capsys: pytest.CaptureFixture[str]
) -> None:
    """At each start anew, and only the newest link is good; with the first user it is over."""
    assert nurture("users", "list").code == 0  # makes the tables
    tokens = []
    for _ in range(2):
        await say_first_link(read_settings())
        tokens.append(capsys.readouterr().err.split("/first?token=")[1].strip())
    engine = open_database(read_settings().database_url)
    now = datetime.now(UTC)
    with reading(engine) as connection:
        good = [user_links.look(connection, token, "first", now) is not None for token in tokens]
    engine.dispose()
    assert good == [False, True]
    nurture("users", "add", "taro", "--name", "x", "--role", "ops")
    await say_first_link(read_settings())
    assert capsys.readouterr().err == ""


async def test_up_goes_on_where_no_link_can_be_made(nurture: Nurture, capsys: pytest.CaptureFixture[str]) -> None:
    """It is said how one is made later."""
    assert nurture("users", "list").code == 0
    settings = read_settings()
    engine = open_database(settings.database_url)
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE user_links RENAME TO elsewhere")
    engine.dispose()
    await say_first_link(settings)
    said = capsys.readouterr().err
    assert "no link for the first admin could be made" in said
    assert "nurture users add" in said


async def test_a_slow_database_holds_nothing_else_up(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The link is made beside the event loop, which watches over the other processes."""
    assert nurture("users", "list").code == 0
    threads: list[int] = []
    monkeypatch.setattr(users, "nobody", lambda _: threads.append(threading.get_ident()))
    await say_first_link(read_settings())
    assert threads
    assert threads[0] != threading.get_ident()


def test_the_people_of_the_demo_have_links_and_no_passwords(nurture: Nurture) -> None:
    """Started again there are the same three, with new links."""
    assert nurture("users", "list").code == 0  # makes the tables
    settings = read_settings()
    engine = open_database(settings.database_url)
    links = [demo_links(engine, settings) for _ in range(2)]
    assert set(links[0]) == {"as marketer", "as sales", "as ops"}
    assert not set(links[0].values()) & set(links[1].values())
    with writing(engine) as connection:
        found = users.listed(connection)
        assert [each.login for each in found] == sorted(login for login, *_ in DEMO)
        assert not any(each.has_password for each in found)
        token = links[1]["as sales"].split("token=")[1].split()[0]
        entered = user_links.use(connection, token, "entry", datetime.now(UTC))
    engine.dispose()
    assert entered is not None
    assert entered.user is not None
    assert entered.user.rep == "rep_1"
