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
    assert history.columns.order == "none"


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


@pytest.mark.parametrize(
    ("word", "result"),
    [
        *(
            (word, None)
            for word in ("未決定", "受注見込", "Reviewing", "Following up", "Not purchased", "判断中", "検討中")
        ),
        *(
            (word, None)
            for word in ("Prospective customer", "Unsuccessful", "商談中", "契約手続き中", "契約待ち", "失注予定")
        ),
        *((word, "won") for word in ("受注", "成約", "Closed Won", "closedwon", "Converted", "Customer", "won_2025")),
        *((word, "lost") for word in ("Lost - no budget", "lost: unresponsive", "失注(予算未定)", "見込み薄で失注")),
        *((word, "lost") for word in ("失注", "検討の結果見送り", "Closed - Not Converted", "Unqualified", "お断り")),
    ],
)
def test_a_word_is_an_outcome_only_where_it_says_so(tmp_path: Path, word: str, result: str | None) -> None:
    """Review holds `win`, and 未決定 holds 決定; neither is won."""
    rows = "\n".join(["size,status", "1,won", "2,lost", "3,won", "4,lost", f"5,{word}"])
    columns = guess(read_table(saved(tmp_path, rows)))
    assert (word in columns.outcome.won, word in columns.outcome.lost) == (result == "won", result == "lost")


@pytest.mark.parametrize(
    ("cells", "days"),
    [
        (["24/03/05", "24/03/28", "23/11/30"], ["2024-03-05", "2024-03-28", "2023-11-30"]),
        (["24/03/05"], ["2024-03-05"]),
        (["30/02/05", "30/03/06"], ["2030-02-05", "2030-03-06"]),
        (["25/03/24", "28/03/24", "17/04/24"], ["2024-03-25", "2024-03-28", "2024-04-17"]),
        (["25.03.24", "05.04.24"], ["2024-03-25", "2024-04-05"]),
        (["03/25/24", "03/04/24"], ["2024-03-25", "2024-03-04"]),
        (["05/03/04", "06/04/05"], [None, None]),
    ],
)
def test_which_of_three_parts_is_the_year_the_column_tells(cells: list[str], days: list[str | None]) -> None:
    """Years are fewer than days; where nothing tells, there is no date."""
    found = read_dates(cells)
    assert [each and f"{each:%Y-%m-%d}" for each in found.values] == days
    assert found.yearless == ([] if all(days) else [0, 1])
    assert found.unread == []


def test_a_quote_that_nobody_closed_costs_one_row(tmp_path: Path) -> None:
    """Not the rest of the file, and not the rows up to the next quote; cells over two lines stay whole."""
    rows = [f'd{n},2025-01-06,,5,"big\ntrade",,,Closed Won' for n in range(30)]
    rows[3], rows[20], rows[29] = 'x3,2025-01-06,,5,"trade,,,won', 'x20,2025-01-06,,5,"tra"de,,,won', 'x29,,,5,"t,,,won'
    table = read_table(saved(tmp_path, "\n".join([DEALS.splitlines()[0], *rows])))
    assert [row.cells[0] for row in table.rows] == [f"d{n}" for n in range(29) if n not in (3, 20)]
    assert table.rows[-1].cells[4] == "big\ntrade"
    assert sum(int(each.message.split()[0]) for each in table.problems) == 3
    assert "line(s) 8" in str(table.problems[0])


def test_a_quote_in_the_first_row_hides_no_delimiter(tmp_path: Path) -> None:
    """More than a cell may hold comes after it."""
    table = read_table(saved(tmp_path, 'a,b,status\n1,"2,won\n' + "1,2,won\n" * 20_000))
    assert (table.header, len(table.rows)) == (("a", "b", "status"), 20_000)


def test_cells_are_not_divided_at_signs_that_are_no_line_ends(tmp_path: Path) -> None:
    """Excel writes a vertical tab where a cell has a second line; pages write U+2028."""
    table = read_table(saved(tmp_path, "a,status\rx\vy,won\r\nu\u2028v,lost\nm\x85n,won"))
    assert table.column("a") == ["x\vy", "u\u2028v", "m\x85n"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "a,status\n1,won,\n2,lost,\n",
            "2 of 2 rows do not fit the header: the header in line 1 has 2 cell(s), line 2",
        ),
        ("Deals of 2025\na,status\n1,won\n2,lost\n", "the header in line 1 has 1 cell(s), line 2 has 2"),
        ('a,status\n"1,won\n"2,lost\n3,won\n', "2 of 3 rows do not fit the header"),
    ],
)
def test_where_most_rows_are_lost_it_says_why(tmp_path: Path, text: str, told: str) -> None:
    """A comma at the end of every row, a title above the header, quotes everywhere."""
    with pytest.raises(TableRefused) as refused:
        read_table(saved(tmp_path, text))
    assert told in str(refused.value)


def test_a_workbook_is_called_one(tmp_path: Path) -> None:
    """The new kind, which is an archive, and the old one."""
    new, old = tmp_path / "deals.xlsx", tmp_path / "deals.xls"
    with zipfile.ZipFile(new, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    old.write_bytes(bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500))
    for path in (new, old):
        with pytest.raises(TableRefused, match=r"an Excel workbook.*CSV UTF-8"):
            read_table(path)


def test_days_to_come_and_days_in_the_wrong_order_are_told(tmp_path: Path) -> None:
    """The clock is given; without one nothing is late. A day that begins elsewhere already is not."""
    text = DEALS + "d5,2025-03-01,2025-02-01,50,retail,2025-03-06,,Closed Lost\n"
    history = open_history(saved(tmp_path, text), today=day("2025-03-02"))
    told, empty = said(history), "are after today and count as empty: nothing planned has happened"
    assert [each.closed_at for each in history.leads()][2:4] == [None, None]
    assert f"1 date(s) of 'closed_on' {empty}: line(s) 5" in told
    assert f"1 date(s) of 'seminar_attended_on' {empty}: line(s) 6" in told
    assert "1 deal(s) have a day in 'closed_on' before that in 'created_on': line(s) 6" in told
    assert "after today" not in said(open_history(saved(tmp_path, text)))


def test_events_need_ids_in_the_table(tmp_path: Path) -> None:
    """Without the column every event would be a stranger's."""
    columns = tmp_path / "c.yaml"
    columns.write_text("outcome: {column: status, won: [Closed Won]}\n", encoding="utf-8")
    events = saved(tmp_path, "lead,type,subject,at\nd1,visited,,2025-01-20\n", name="events.csv")
    with pytest.raises(ColumnsRefused, match="the table has no `id`"):
        open_history(saved(tmp_path, DEALS), columns, events)
