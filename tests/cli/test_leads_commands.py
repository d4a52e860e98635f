"""`nurture leads`, `nurture enroll` and `nurture send-test` on stored data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.database import consents
from adapters.database.engine import open_database, writing
from adapters.settings import read_settings
from tests.cli.conftest import Nurture

HEADER = "id,email,name,consent_topics,consent_basis,employees,industry\n"


@pytest.fixture
def with_lead(deployed: Nurture) -> Nurture:
    """With one lead that fits no segment."""
    Path("leads.csv").write_text(
        f"{HEADER}l1,l1@example.co.jp,見本 一郎,newsletter,opt_in,10,other\n", encoding="utf-8"
    )
    assert deployed("leads", "import", "leads.csv").code == 0
    return deployed


def test_good_rows_are_kept_and_bad_ones_listed_with_their_line(deployed: Nurture) -> None:
    """The code is 1; the report file holds the same lines."""
    Path("leads.csv").write_text(
        f"{HEADER}l1,l1@example.co.jp,一,newsletter,opt_in,80,telecom\n"
        "l2,not an address,二,,,10,other\n"
        "l3,l3@example.co.jp,三,,,many,other\n",
        encoding="utf-8",
    )
    said = deployed("leads", "import", "leads.csv")
    assert said.code == 1
    assert "1 lead(s) kept, 1 of them new; 1 enrolled" in said.out
    assert "leads.csv:3: " in said.err
    assert "leads.csv:4: " in said.err
    report = Path("leads.csv.rejected.txt").read_text(encoding="utf-8").splitlines()
    assert [line.split(" ")[0] for line in report] == ["leads.csv:3:", "leads.csv:4:"]
    assert deployed("leads", "show", "l2").code == 1


def test_an_unknown_column_refuses_the_file(deployed: Nurture) -> None:
    """Nothing is kept; near names are offered."""
    Path("leads.csv").write_text("id,employes\nl1,3\n")
    said = deployed("leads", "import", "leads.csv")
    assert said.code == 1
    assert "'employees'" in said.err
    assert deployed("leads", "show", "l1").code == 1
    assert deployed("leads", "import", "nowhere.csv").code == 1


def test_show_tells_where_a_lead_stands(with_lead: Nurture) -> None:
    """Position, consents and newest lines, for people and as JSON."""
    with_lead("enroll", "seminar_to_demo", "--lead", "l1")
    with_lead("enroll", "seminar_to_demo", "--lead", "l1")
    said = with_lead("leads", "show", "l1")
    assert said.code == 0
    assert "見本 一郎" in said.out
    assert "newsletter" in said.out
    assert "already_in" in said.out
    found = json.loads(with_lead("leads", "show", "l1", "--json").out)
    assert (found["id"], found["status"], found["consents"][0]["basis"]) == ("l1", "idle", "opt_in")
    assert [line["reason"] for line in found["timeline"]] == ["already_in"]


def test_leads_are_listed_and_looked_for(with_lead: Nurture) -> None:
    """By id, address, name or company; none yet and none that fits say what to do; a limit says that there are more."""
    Path("more.csv").write_text("id,email,name\nl2,l2@example.com,Two\n", encoding="utf-8")
    assert with_lead("leads", "import", "more.csv").code == 0
    said = with_lead("leads", "list", "--find", "見本")
    assert (said.code, said.err) == (0, "")
    assert [line.split()[0] for line in said.out.splitlines()] == ["id", "l1"]
    assert [each["id"] for each in json.loads(with_lead("leads", "list", "--json").out)] == ["l1", "l2"]
    short = with_lead("leads", "list", "--limit", "1")
    assert ("l2" in short.out, "and more" in short.err) == (False, True)
    assert "no lead fits" in with_lead("leads", "list", "--status", "erased").out
    assert "nurture leads list" in with_lead("leads", "show", "l9").err


def test_where_there_is_no_lead_the_list_says_how_to_begin(deployed: Nurture) -> None:
    """An empty list is no error."""
    said = deployed("leads", "list")
    assert (said.code, "nurture leads import" in said.out) == (0, True)


def test_enrolling_says_what_became_of_each(with_lead: Nurture) -> None:
    """Enrolled once, then refused with the reason; for names that do not exist the known ones are listed."""
    first = with_lead("enroll", "seminar_to_demo", "--lead", "l1")
    assert (first.code, "1 enrolled, 0 queued, 0 refused" in first.out) == (0, True)
    again = with_lead("enroll", "seminar_to_demo", "--lead", "l1")
    assert (again.code, "already_in" in again.out) == (0, True)
    for words, known in (
        (("seminar_to_dem", "--lead", "l1"), "seminar_to_demo"),
        (("seminar_to_demo", "--lead", "l9"), "l1"),
        (("seminar_to_demo", "--segment", "midsize"), "midsize_infrastructure"),
        (("seminar_to_demo",), "--lead"),
    ):
        said = with_lead("enroll", *words)
        assert said.code == 1
        assert known in said.err


def test_a_test_mail_needs_names_that_exist(with_lead: Nurture) -> None:
    """Template and lead are looked up before anything is sent."""
    for template, lead, known in (("newsletter_1", "l1", "newsletter_01"), ("newsletter_01", "l9", "l1")):
        said = with_lead("send-test", template, "--to", "me@example.co.jp", "--lead", lead)
        assert said.code == 1
        assert known in said.err


def test_a_test_mail_to_an_address_that_is_shut_is_warned_of_and_tried(
    with_lead: Nurture, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """For all mail, or for a topic; it ends with 2 only since nobody listens, as with any address."""
    monkeypatch.setenv("NURTURE_WEB", f"127.0.0.1:{free_port()}")
    engine = open_database(read_settings().database_url)
    with writing(engine) as conn:
        consents.suppress(conn, "me@example.co.jp", "all", "unsubscribed", at=datetime.now(UTC))
        consents.suppress(conn, "also@example.co.jp", "seminars", "one_click", at=datetime.now(UTC))
    engine.dispose()
    for to, why in (
        ("Me@example.co.jp", "newsletter (unsubscribed), "),
        ("also@example.co.jp", "seminars (one_click)"),
        ("l1@example.co.jp", ""),
    ):
        said = with_lead("send-test", "newsletter_01", "--to", to, "--lead", "l1")
        assert (said.code, "not sent" in said.err) == (2, True)
        assert (f"wants no mail: {why}" in said.err, "goes all the same" in said.err) == (bool(why), bool(why))


def test_a_test_mail_without_a_provider_ends_with_2(
    with_lead: Nurture, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Nobody listens where the built-in sink would be."""
    monkeypatch.setenv("NURTURE_WEB", f"127.0.0.1:{free_port()}")
    said = with_lead("send-test", "newsletter_01", "--to", "me@example.co.jp", "--lead", "l1")
    assert said.code == 2
    assert "nurture up" in said.err


def test_a_second_row_of_the_same_lead_is_a_bad_row(deployed: Nurture) -> None:
    """It would silently take the first one's address; the line of the first is named."""
    Path("twice.csv").write_text("id,email\nl1,a@example.com\nl1,z@example.com\n", encoding="utf-8")
    said = deployed("leads", "import", "twice.csv")
    assert said.code == 1
    assert "twice.csv:3: id 'l1' stands in line 2 already" in said.err + said.out


def test_what_is_no_file_of_leads_is_told(deployed: Nurture) -> None:
    """A folder, a workbook, an empty file: with the name and what to do, and nothing is written beside it."""
    Path("folder").mkdir()
    Path("book.xlsx").write_bytes(b"PK\x03\x04")
    Path("empty.csv").touch()
    for name, why in (("folder", "Is a directory"), ("book.xlsx", "Excel workbook"), ("empty.csv", "file is empty")):
        said = deployed("leads", "import", name)
        assert said.code == 1
        assert why in said.err
        assert name in said.err
        assert not Path(f"{name}.rejected.txt").exists()


def test_a_warning_is_told_and_the_code_is_0(deployed: Nurture) -> None:
    """A consent of the year 2099 counts from now; the row is kept and is no bad one."""
    Path("leads.csv").write_text(
        "id,email,consent_topics,consent_basis,consent_at\nl1,l1@example.com,newsletter,opt_in,2099-01-01T00:00:00Z\n"
    )
    said = deployed("leads", "import", "leads.csv")
    assert said.code == 0
    assert "leads.csv:2: warning: consent_at 2099-01-01 is in the future" in said.err
    assert not Path("leads.csv.rejected.txt").exists()


def test_all_bad_rows_are_shown_where_their_list_cannot_be_written(deployed: Nurture) -> None:
    """A folder that may not be written to costs no line of what was wrong."""
    Path("leads.csv.rejected.txt").mkdir()
    Path("leads.csv").write_text("id,email\n" + "".join(f"l{number},wrong\n" for number in range(60)))
    said = deployed("leads", "import", "leads.csv")
    assert said.code == 1
    assert "leads.csv:61: " in said.err
    assert "cannot be written: Is a directory" in said.err


def test_two_leads_are_merged_after_a_plan(with_lead: Nurture) -> None:
    """The plan says what would come of it and changes nothing; the merge says the same, and old ids resolve."""
    Path("leads.csv").write_text(
        f"{HEADER}l2,l2@example.co.jp,見本 二郎,newsletter,opt_in,10,other\n", encoding="utf-8"
    )
    assert with_lead("leads", "import", "leads.csv").code == 0
    planned = with_lead("leads", "merge", "l1", "l2", "--plan")
    assert planned.code == 0
    for said in ("l2 would become l1", "addresses: l2@example.co.jp", "nothing was changed"):
        assert said in planned.out
    assert json.loads(with_lead("leads", "show", "l2", "--json").out)["id"] == "l2"
    assert "l2 is now l1" in with_lead("leads", "merge", "l1", "l2").out
    assert "l2 is l1 already" in with_lead("leads", "merge", "l1", "l2").out
    shown = with_lead("leads", "show", "l2").out
    assert "also known by" in shown
    assert "l2@example.co.jp" in shown
    refused = with_lead("leads", "merge", "l2", "l1")
    assert refused.code == 1
    assert "was merged into 'l1'" in refused.err
    assert with_lead("leads", "merge", "l1", "nobody").code == 1
