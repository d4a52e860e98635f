"""A company's own table of past deals, as people save it: what is read of it, and what is said of the rest."""

from __future__ import annotations

import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.deals.cells import number, read_dates
from adapters.deals.columns import ColumnsRefused, OutcomeColumn, read_columns, written
from adapters.deals.guess import guess
from adapters.deals.table import TableRefused, read_table
from adapters.history_file import HistoryFile, columns_beside, open_history

DEALS = """deal_id,created_on,closed_on,employees,industry,seminar_attended_on,lost_reason,status
d1,2025-01-06,2025-03-01,"1,200",telecom,2025-02-01,,Closed Won
d2,2025-01-07,2025-03-02,80,retail,,price,Closed Lost
d3,2025-01-08,,50,telecom,2025-02-03,,Negotiating
d4,2025-01-09,2025-03-04,,retail,,timing,Closed Lost
"""


def day(text: str) -> datetime:
    """The first instant of a day in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def saved(folder: Path, text: str, *, encoding: str = "utf-8", name: str = "deals.csv") -> Path:
    """The text as a file."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def said(history: HistoryFile) -> str:
    """All problems, a line each."""
    return "\n".join(str(problem) for problem in history.problems)


def test_a_table_without_a_mapping_is_read_by_a_guess(tmp_path: Path) -> None:
    """Ids, days, attributes by type, events by their column's name; a reason for losing is no attribute."""
    history = open_history(saved(tmp_path, DEALS))
    first, second, third, _ = history.leads()
    assert (first.id, first.since, first.closed_at) == ("d1", day("2025-01-06"), day("2025-03-01"))
    assert dict(first.attributes) == {"employees": 1200, "industry": "telecom"}
    assert [(each.at, each.type, each.subject) for each in first.events] == [(day("2025-02-01"), "attended", "seminar")]
    assert [each.result for each in history.leads()] == ["won", "lost", None, "lost"]
    assert second.events == ()
    assert third.closed_at is None
    assert history.columns.columns["lost_reason"].ignore == "may be known only after the outcome"
    assert "1 row(s) say 'Negotiating' in 'status', neither won nor lost, and are left out: line(s) 4" in said(history)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "utf-16"])
@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_japanese_table_is_read_however_it_was_saved(tmp_path: Path, encoding: str, sign: str) -> None:
    """Encodings and delimiters of Excel; Japanese columns, words and dates."""
    rows = ["案件番号,登録日,従業員数,業種,セミナー参加日,結果", "A1,2025年1月6日,500人,通信,2025/2/1,受注"]
    rows += ["A2,令和7年1月7日,80人,小売,,失注"]
    history = open_history(saved(tmp_path, "\r\n".join(rows).replace(",", sign), encoding=encoding))
    first, second = history.leads()
    assert first.attributes == {"従業員数": 500, "業種": "通信"}
    assert (first.events[0].type, first.events[0].subject) == ("attended", "セミナー")
    assert (first.result, second.result) == ("won", "lost")
    assert second.since == day("2025-01-07")
    assert history.problems == ()


def test_the_largest_table_of_an_archive_is_read(tmp_path: Path) -> None:
    """What the archive holds besides is said."""
    path = tmp_path / "deals.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("some/deals.csv", DEALS)
        archive.writestr("some/small.csv", "a\n")
        archive.writestr("__MACOSX/some/._deals.csv", DEALS * 2)
    history = open_history(path)
    assert len(history.deals) == 4
    assert "some/deals.csv is read, the largest table in the archive; not: some/small.csv" in said(history)


def test_dates_of_two_formats_are_read_where_the_column_proves_them() -> None:
    """25/03 proves day first, and then 03/04 follows; with proofs of both, 03/04 is named and stays empty."""
    found = read_dates(["25/03/2025", "03/04/2025", "2025-05-06"])
    assert [each and f"{each:%m-%d}" for each in found.values] == ["03-25", "04-03", "05-06"]
    mixed = read_dates(["25/03/2025", "03/25/2025", "03/04/2025", "31/02/2025", "soon", ""])
    assert [each and f"{each:%m-%d}" for each in mixed.values] == ["03-25", "03-25", None, None, None, None]
    assert (mixed.ambiguous, mixed.unread, mixed.mixed) == ([2], [3, 4], True)
    assert read_dates(["03/04/2025"], day_first=True).values == [day("2025-04-03")]
    assert read_dates(["03/04/2025"]).ambiguous == [0]


def test_a_date_may_have_a_time_an_offset_or_a_month_by_name() -> None:
    """All in UTC."""
    cells = [
        "2025-03-01T09:30:00+09:00",
        "2025/3/1 9:30",
        "1 Mar 2025",
        "March 1, 2025",
        "20250301",
        "2025年3月1日(土)",
    ]
    assert [f"{each:%m-%d %H:%M}" for each in read_dates(cells).values if each] == [
        "03-01 00:30", "03-01 09:30", "03-01 00:00", "03-01 00:00", "03-01 00:00", "03-01 00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cell", "value"),
    [("1,200", 1200), ("¥1,200円", 1200), ("５０人", 50), ("3.5%", 3.5), ("0,5", 0.5), ("-7", -7), ("12 x", None)],
)
def test_numbers_are_read_with_their_signs(cell: str, value: float | None) -> None:
    """Thousands, currencies, counters, full-width digits."""
    assert number(cell) == value


def test_bad_rows_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    """Outcomes that lack, cells that are no number, rows too short, ids given twice, and dates that are none."""
    text = DEALS + "d5,someday,2025-03-05,many,retail,,,Closed Won\nd5,2025-01-10,,7,retail,,,\nd6,2025-01-11\n"
    more = "".join(f"e{n},2025-01-12,2025-03-06,{n},retail,,,Closed Lost\n" for n in range(40))
    history = open_history(saved(tmp_path, text + more))
    told = said(history)
    assert "1 row(s) have another number of cells than the header (8) and are left out: line(s) 8" in told
    assert "1 row(s) have no outcome in 'status' and are left out: line(s) 7" in told
    assert "1 row(s) have an id that stood before" in told
    assert "1 cell(s) of 'created_on' are no date and count as empty: line(s) 6" in told
    assert "1 cell(s) of 'employees' are no number and count as empty: line(s) 6" in told
    assert len(history.deals) == 46


def test_a_guess_survives_being_written_and_read_back(tmp_path: Path) -> None:
    """What a person looks over is what will be used."""
    path = saved(tmp_path, DEALS)
    found = guess(read_table(path))
    beside = columns_beside(path)
    beside.write_text(written(found, path.name), encoding="utf-8")
    assert read_columns(beside) == found
    beside.write_text(written(found, path.name).replace("[Closed", "[closed"), encoding="utf-8")
    assert open_history(path).columns == read_columns(beside)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("outcome: {column: staus, won: [yes]}", "the table has no column 'staus'"),
        ("outcome: {column: status, won: [yes]}\ncolumns: {industry: {type: choice}}", "a column is one of"),
        ("outcome: {column: status, won: [bought]}", "no row is won or lost by the words of 'status'"),
        ("outcome: [", "columns.yaml:2:1"),
    ],
)
def test_a_mapping_that_does_not_fit_says_what_and_where(tmp_path: Path, text: str, told: str) -> None:
    """Nothing is guessed instead."""
    (tmp_path / "columns.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ColumnsRefused) as refused:
        open_history(saved(tmp_path, DEALS), tmp_path / "columns.yaml")
    assert told in str(refused.value)


def test_words_of_an_outcome_may_be_bare_numbers_and_flags(tmp_path: Path) -> None:
    """YAML reads 1 and true as such; in the table they are text."""
    assert OutcomeColumn.model_validate({"column": "y", "won": [1, True], "lost": 0}).won == ("1", "true")
    history = open_history(saved(tmp_path, "size,y\n1,1\n2,0\n3,1\n"))
    assert [each.result for each in history.leads()] == ["won", "lost", "won"]
    assert history.columns.order == "rows"


def test_a_table_without_an_outcome_or_without_rows_is_refused(tmp_path: Path) -> None:
    """With the columns there are, and what to write."""
    with pytest.raises(ColumnsRefused, match="no column looks like an outcome"):
        open_history(saved(tmp_path, "name,size\nx,1\n"))
    for text in ("", "\n\n", "status,size\n"):
        with pytest.raises(TableRefused):
            open_history(saved(tmp_path, text))
    with pytest.raises(TableRefused, match="cannot be read"):
        open_history(tmp_path / "nowhere.csv")


def test_a_lead_is_judged_as_of_its_closing_or_after_it_was_observed(tmp_path: Path) -> None:
    """Without a mapping as of the closing; with `observe` earlier, and never after it."""
    path = saved(tmp_path, DEALS)
    assert open_history(path).deals[0].judged_at == day("2025-03-01")
    columns = guess(read_table(path))
    for span, then in (("30d", "2025-02-05"), ("90d", "2025-03-01")):
        text = written(columns, path.name).replace("columns:", f"observe: {span}\ncolumns:")
        (tmp_path / "c.yaml").write_text(text, encoding="utf-8")
        assert open_history(path, tmp_path / "c.yaml").deals[0].judged_at == day(then)


def test_events_come_from_a_second_file_and_from_counts(tmp_path: Path) -> None:
    """Long form: one event a row; those of unknown leads and without a day are named."""
    path = saved(tmp_path, DEALS)
    columns = tmp_path / "c.yaml"
    columns.write_text(
        "outcome: {column: status, won: [Closed Won], lost: [Closed Lost]}\nid: deal_id\n"
        "columns: {employees: {count: {visited: /pricing}}}\n"
    )
    events = saved(
        tmp_path,
        "lead,type,subject,at\nd1,visited,/pricing,2025-01-20\nd9,visited,,2025-01-20\nd2,visited,,never\n",
        name="events.csv",
    )
    history = open_history(path, columns, events)
    first, second, third, _ = history.leads()
    assert first.events[-1].at == day("2025-01-20")
    assert (len(first.events), len(second.events), len(third.events)) == (51, 50, 50)
    assert "1 event(s) are of no lead of the table and are left out: line(s) 3" in said(history)
    assert "1 event(s) have no type or no date and are left out: line(s) 4" in said(history)
