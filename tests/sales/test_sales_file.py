"""The file of the month as a spreadsheet reads it, whoever was killed while writing it."""

from __future__ import annotations

import csv
import os
import resource
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import update

from adapters.database.engine import writing
from adapters.database.schema import leads
from adapters.sales_channels.csv_file import CsvFile
from adapters.sales_channels.port import Notice, NotTaken, Person
from tests.sales.conftest import EMAIL, LEAD, NAME, TASK, Company
from tests.sales.test_channels import MESSAGE

MakeCompany = Callable[..., Company]


def rows_of(path: Path) -> list[dict[str, str]]:
    """As a spreadsheet reads it."""
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_file_of_the_month_has_one_line_for_each_notice(make_company: MakeCompany, tmp_path: Path) -> None:
    """By the month in Tokyo, where the task was made on the first; a repeat adds nothing."""
    company = make_company("csv", csv=CsvFile(tmp_path / "sales"))
    company.make()
    assert company.tell() is None
    (path,) = (tmp_path / "sales").iterdir()
    assert path.name == "handoffs-2026-12.csv"
    CsvFile(tmp_path / "sales").deliver(replace(MESSAGE, key=f"handoff/{TASK}"))
    (row,) = rows_of(path)
    assert (row["lead"], row["name"], row["email"], row["company"]) == (LEAD, NAME, EMAIL, "架空商事")
    assert (row["made_at"], row["rep"]) == ("2026-12-01 08:30", "rep_1")
    assert path.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\n=", " =", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_is_a_formula(tmp_path: Path, start: str) -> None:
    """Whatever a lead calls itself; a text in several lines stays in one."""
    evil = Person(f'{start}HYPERLINK("http://example.com","x")', f"{start}a@example.com", "a\r\nb")
    CsvFile(tmp_path).deliver(replace(MESSAGE, person=evil))
    (row,) = rows_of(tmp_path / "handoffs-2026-12.csv")
    assert row["name"].startswith("'")
    assert row["email"].startswith("'")
    assert row["company"] == "a b"


def test_a_line_that_was_not_finished_is_written_anew(tmp_path: Path) -> None:
    """Somebody was killed while writing, at every byte of the first line."""
    whole = tmp_path / "whole"
    CsvFile(whole).deliver(MESSAGE)
    content = (whole / "handoffs-2026-12.csv").read_bytes()
    for end in range(0, len(content), 7):
        folder = tmp_path / str(end)
        folder.mkdir()
        (folder / "handoffs-2026-12.csv").write_bytes(content[:end])
        CsvFile(folder).deliver(MESSAGE)
        assert (folder / "handoffs-2026-12.csv").read_bytes() == content


def test_many_append_at_once(tmp_path: Path) -> None:
    """No line is lost, doubled or mixed with another."""
    keys = [f"message/{number}" for number in range(40)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda key: CsvFile(tmp_path).deliver(replace(MESSAGE, key=key)), keys * 2))
    assert sorted(row["key"] for row in rows_of(tmp_path / "handoffs-2026-12.csv")) == sorted(keys)


def test_a_person_who_is_forgotten_is_in_no_file(tmp_path: Path) -> None:
    """The others stay."""
    CsvFile(tmp_path).deliver(MESSAGE)
    CsvFile(tmp_path).deliver(replace(MESSAGE, key="message/other", lead="other", person=Person("他", None, None)))
    assert CsvFile(tmp_path).forget(LEAD) == 1
    assert [row["lead"] for row in rows_of(tmp_path / "handoffs-2026-12.csv")] == ["other"]
    assert NAME not in (tmp_path / "handoffs-2026-12.csv").read_text()
    assert CsvFile(tmp_path / "none").forget(LEAD) == 0


def full(folder: Path) -> Path:
    """The file of a month with a hundred people in it, of whom one is to be forgotten."""
    CsvFile(folder).deliver(MESSAGE)
    for number in range(100):
        CsvFile(folder).deliver(replace(MESSAGE, key=f"message/{number}", lead=f"other_{number}"))
    return folder / "handoffs-2026-12.csv"


def test_a_disk_that_is_full_loses_nobody_else_while_one_is_forgotten(tmp_path: Path) -> None:
    """It says so, is tried again, and the others are there all the while."""
    path = full(tmp_path)
    before = path.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) // 2, hard))
    try:
        with pytest.raises(OSError, match="too large"):
            CsvFile(tmp_path).forget(LEAD)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert path.read_bytes() == before
    assert CsvFile(tmp_path).forget(LEAD) == 1
    assert len(rows_of(path)) == 100
    assert list(tmp_path.iterdir()) == [path]


def test_who_is_killed_while_one_is_forgotten_loses_nobody_else(tmp_path: Path) -> None:
    """At any moment: whoever opens the file next finishes it."""
    path = full(tmp_path)
    kept = b"".join(line for line in path.read_bytes().splitlines(True) if f",{LEAD},".encode() not in line)
    path.with_suffix(".part").write_bytes(kept[:500])
    assert CsvFile(tmp_path).forget(LEAD) == 1
    assert path.read_bytes() == kept
    for written in (0, 500, len(kept)):
        path.with_suffix(".new").write_bytes(kept)
        path.write_bytes(kept[:written])
        CsvFile(tmp_path).deliver(replace(MESSAGE, key="message/0", lead="other_0"))
        assert path.read_bytes() == kept
        assert list(tmp_path.iterdir()) == [path]


def test_who_is_forgotten_while_the_line_is_written_is_in_no_file(make_company: MakeCompany, tmp_path: Path) -> None:
    """The name was read, the erasure came and cleaned the file, then the line was written."""
    file = CsvFile(tmp_path / "sales")

    class Late:
        ready = True

        def deliver(self, notice: Notice) -> None:
            with writing(company.engine) as conn:
                conn.execute(update(leads).values(status="erased", name=None, email=None))
            assert file.forget(LEAD) == 0
            file.deliver(notice)

    company = make_company("slack", slack=Late(), csv=file)
    company.make()
    assert company.tell() is None
    assert rows_of(tmp_path / "sales" / "handoffs-2026-12.csv") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_waits(tmp_path: Path) -> None:
    """It says where."""
    tmp_path.chmod(0o500)
    with pytest.raises(NotTaken, match=str(tmp_path)):
        CsvFile(tmp_path / "sales").deliver(MESSAGE)


def test_a_file_in_the_way_waits(tmp_path: Path) -> None:
    """The folder's name is a file's: it is tried again until somebody has looked."""
    (tmp_path / "sales").write_text("")
    with pytest.raises(NotTaken, match="cannot be written") as raised:
        CsvFile(tmp_path / "sales").deliver(MESSAGE)
    assert raised.value.needs_person
