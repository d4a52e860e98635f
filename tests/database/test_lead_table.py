"""Files of leads as people have them: whatever is wrong in one row, the others are kept, and the line is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading
from adapters.database.lead_files import Imported, import_rows
from adapters.database.lead_table import LONGEST_LINE, MOST_LINES, FileRefused, decode, lines_of, open_table
from adapters.database.schema import consents, leads

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
KNOWN = ("id", "email", "name", "employees")
HEADER = "id,email,name\n"
JAPANESE = "id,name\na,株式会社見本の山田\n"


def imported(store: DeploymentStore, raw: str | bytes) -> tuple[Imported, dict[str, Any]]:
    """What came of a file, and the names of the leads that are there then, by id."""
    text = raw if isinstance(raw, str) else decode(raw, "leads.csv")
    done = import_rows(store.engine, lines_of(text), store=store, now=NOW, file_name="leads.csv")
    with reading(store.engine) as conn:
        return done, {row.id: row.name for row in conn.execute(select(leads.c.id, leads.c.name))}


def places(lines: list[str]) -> list[int]:
    """The lines that are named."""
    return [int(line.split(":")[1]) for line in lines]


def row(name: str) -> str:
    """One row of a lead, all else being well."""
    return f"{name},{name}@example.com,{name.upper()}\n"


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ('x,x@example.com,"Open', "a quote is opened here and not closed"),
        ('x,"x@example.com,Open', "a quote is opened here and not closed"),
        ('x,x@example.com,"Closed" twice"', "not CSV"),
        (f'x,x@example.com,"{"a" * 200_000}"', "a cell is longer than"),
        (f"x,x@example.com,{'a' * (LONGEST_LINE + 1)}", "the line has 1,000,018 characters"),
    ],
)
@pytest.mark.parametrize("after", ["", row("c"), row("c") + 'd,d@example.com,"D"\n'])
def test_a_quote_costs_its_own_row(deployed: DeploymentStore, broken: str, why: str, after: str) -> None:
    """Another quote after it, too: its line is named, the rows around are leads."""
    done, found = imported(deployed, HEADER + row("a") + broken + "\n" + after)
    assert places(done.bad) == [3]
    assert why in done.bad[0]
    assert set(found) == {"a", *(each[0] for each in after.splitlines())}


def test_an_open_quote_in_a_large_file_costs_one_row(deployed: DeploymentStore) -> None:
    """Hundreds of rows after it are kept, and empty quotes in them do not join it."""
    rows = "".join(f'l{number},l{number}@example.com,""\n' for number in range(MOST_LINES * 2))
    done, found = imported(deployed, HEADER + 'x,x@example.com,"Open\n' + rows)
    assert (places(done.bad), done.good, len(found)) == ([2], MOST_LINES * 2, MOST_LINES * 2)


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ('b,B,"open\nc,C,y\nd,D,z"\n', "rows 4-5"),
        ('b,B,"open\n\nc,C,y\nand more"\n', "row 5"),
        ('b,"B\n1","open\nc,C,y\n"\n', "row 5"),
        ('b,"B,open\nc,C,y\n"\n', "row 4"),
    ],
)
def test_what_looks_like_rows_in_a_cell_is_told_and_not_kept(deployed: DeploymentStore, text: str, rows: str) -> None:
    """Whether a quote is missing or somebody wrote it so, only a person can say."""
    done, found = imported(deployed, f"id,name,region\na,A,x\n{text}e,E,w\n")
    assert (places(done.bad), set(found)) == ([3], {"a", "e"})
    assert f"a cell that begins here holds what looks like {rows}. if a quote is missing, close it;" in done.bad[0]


def test_text_that_is_begun_with_a_blank_is_no_row(deployed: DeploymentStore) -> None:
    """As the message says."""
    done, found = imported(deployed, 'id,name,region\na,A,x\nb,"B\n c,C,y",z\n')
    assert (done.bad, found) == ([], {"a": "A", "b": "B\n c,C,y"})


MUCH = "x" * 200_000
LINES = "\n" * (MOST_LINES + 5)


@pytest.mark.parametrize("much", ["\n" * 5, LINES, f"{MUCH}\n", ("x" * 200 + "\n") * 1_000])
@pytest.mark.parametrize(
    "rest", ["", "\n", f'","{MUCH}', f'","{MUCH}\na@example.com,A', f'","{LINES}', '",x,"', '""\n""']
)
def test_nobody_adds_a_lead_by_what_is_written_in_a_cell(deployed: DeploymentStore, much: str, rest: str) -> None:
    """A field of free text is filled in by strangers; however long it is, its lines are no rows."""
    text = f'email,name\na@example.com,"cc to:{much}boss@example.co.jp,B{rest}"\nc@example.com,C\n'
    done, found = imported(deployed, text)
    assert (places(done.bad), list(found.values()), done.good) == ([2], ["C"], 1)


def test_a_row_with_a_cell_too_few_is_told_by_its_cells(deployed: DeploymentStore) -> None:
    """Its quotes are as they should be."""
    done, found = imported(deployed, 'id,name,region\na,A,x\nb,"one\ntwo"\nc,C,y\n')
    assert (places(done.bad), set(found)) == ([3], {"a", "c"})
    assert "2 cells under 3 columns" in done.bad[0]


def test_two_open_quotes_far_apart_cost_two_rows(deployed: DeploymentStore) -> None:
    """The second does not close the first: no cell ends so."""
    rows = "".join(row(f"l{number}") for number in range(MOST_LINES + 50))
    done, found = imported(deployed, f'{HEADER}x,x@example.com,"Open\n{rows}y,y@example.com,"Open\n{row("z")}')
    assert (places(done.bad), len(found)) == ([2, MOST_LINES + 53], MOST_LINES + 51)


@pytest.mark.parametrize(
    "cell",
    [
        "第一行\n第二行",
        "one\r\n\r\ntwo, three",
        "Dear,\nHello, world\nand you",
        'a "quoted" word\nb',
        "x\n" * 150 + "x",
    ],
)
def test_line_breaks_in_quotes_are_part_of_the_cell(deployed: DeploymentStore, cell: str) -> None:
    """With commas and quotes in them, as spreadsheets write them; the rows after it have their right line."""
    quoted = cell.replace('"', '""')
    text = f'id,name,email\na,"{quoted}",a@example.com\nb,B,wrong\n'
    done, found = imported(deployed, text)
    assert places(done.bad) == [len(list(lines_of(text)))]
    assert found["a"] == cell.strip()
    assert done.good == 1


def test_a_nul_costs_its_own_row(deployed: DeploymentStore) -> None:
    """The file is what it says it is."""
    done, found = imported(deployed, (HEADER + row("a") + "x,x@example.com,X\0\n" + row("b")).encode())
    assert (places(done.bad), set(found)) == ([3], {"a", "b"})
    assert "name: holds a NUL character" in done.bad[0]


def test_bytes_of_another_charset_cost_their_own_row(deployed: DeploymentStore) -> None:
    """A file that two programs wrote: the rows in UTF-8 are not read as something else for the sake of the other."""
    rows = [f"{HEADER}a,a@example.com,見本\n".encode(), "x,x@example.com,山田\n".encode("cp932")]
    done, found = imported(deployed, b"".join([*rows, "b,b@example.com,例示\n".encode()]))
    assert (places(done.bad), found) == ([3], {"a": "見本", "b": "例示"})
    assert "name: holds bytes that are not UTF-8" in done.bad[0]


@pytest.mark.parametrize("mark", [True, False])
def test_a_western_row_costs_no_other_of_a_western_file(deployed: DeploymentStore, *, mark: bool) -> None:
    """All its letters have two bytes, and Shift_JIS would read every one of them as something else."""
    good = [f"l{number},l{number}@example.com,Gärtner {number}\n" for number in range(3 if mark else 5)]
    bad = ["x,x@example.com,Müller\n".encode("cp1252"), "y,y@example.com,Ünal\n".encode("cp1252")]
    raw = "".join([HEADER, *good]).encode("utf-8-sig" if mark else "utf-8") + b"".join(bad if mark else bad[:1])
    done, found = imported(deployed, raw)
    assert found == {f"l{number}": f"Gärtner {number}" for number in range(len(good))}
    assert len(done.bad) == (2 if mark else 1)
    assert "name: holds bytes that are not UTF-8" in done.bad[0]


@pytest.mark.parametrize("sign", [";", "\t"])
@pytest.mark.parametrize("begin", ["", "sep={sign}\n"])
def test_the_header_shows_what_divides_the_cells(deployed: DeploymentStore, sign: str, begin: str) -> None:
    """Semicolons and tabs, as Excel writes them in Europe and as "Unicode text"; a list stands in quotes then."""
    text = 'id,email,values,name\na,a@example.com,"price;speed",A\nb,b@example.com,wrong\n'.replace(",", sign)
    done, found = imported(deployed, begin.format(sign=sign) + text)
    assert found == {"a": "A"}
    assert places(done.bad) == [4 if begin else 3]
    assert ("semicolons" if sign == ";" else "tabs") in done.bad[0]
    with reading(deployed.engine) as conn:
        assert conn.execute(select(leads.c.attributes)).scalar_one() == {"values": ["price", "speed"]}


def test_a_header_that_leaves_doubt_is_refused() -> None:
    """Of two signs the one that leaves known names is taken; where none does the header says nothing."""
    assert open_table(["id;email;name,\n"], (*KNOWN, "name,"), file_name="x").sign == ";"
    with pytest.raises(FileRefused, match=r"holds commas and semicolons.*x:1.*divide them by one"):
        open_table(["id,email;name\n"], KNOWN, file_name="x")


@pytest.mark.parametrize(
    "raw",
    [
        JAPANESE.encode(),
        JAPANESE.encode("utf-8-sig"),
        JAPANESE.encode("cp932"),
        JAPANESE.encode("euc_jp"),
        JAPANESE.encode("iso2022_jp"),
        JAPANESE.encode("utf-16"),
        b"\xfe\xff" + JAPANESE.encode("utf-16-be"),
    ],
)
def test_files_of_usual_encodings_are_read(raw: bytes) -> None:
    """Without a wrong letter, and without their mark."""
    assert decode(raw, "x.csv") == JAPANESE


def test_characters_of_windows_are_read() -> None:
    """The Shift_JIS of spreadsheets knows more than the standard."""
    assert decode("id,company\na,A社\n".encode("cp932"), "x.csv").endswith("a,A社\n")
    assert decode("id,company\na,架空①髙橋\n".encode("cp932"), "x.csv").endswith("架空①髙橋\n")


@pytest.mark.parametrize(
    ("name", "charset"), [("﨑山", "cp932"), ("한국", "utf-8"), ("김현호", "utf-8"), ("﨑山", "utf-8")]
)
def test_rare_kanji_that_seem_to_be_hangul_are_read(name: str, charset: str) -> None:
    """Their bytes in Shift_JIS are UTF-8 too, of syllables that no Korean writes alone."""
    assert decode(f"id,name\na,{name}\n".encode(charset), "x.csv") == f"id,name\na,{name}\n"


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (JAPANESE.encode("utf-16-le"), "looks like UTF-16 without its mark"),
        (JAPANESE.encode("utf-32"), "UTF-32"),
        (b"PK\x03\x04rest", "Excel workbook"),
        (b"id,name\na,M\xfcller\xff\n", "neither UTF-8 nor Shift_JIS"),
        ("id;name\na;Gärtner\nb;Übung\n".encode("cp1252"), "neither UTF-8 nor Shift_JIS"),
    ],
)
def test_a_file_of_another_kind_is_refused(raw: bytes, why: str) -> None:
    """With what it is, and how to save it."""
    with pytest.raises(FileRefused, match=rf"{why}.*save the file as CSV in UTF-8"):
        decode(raw, "x.csv")


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_lines_of_other_systems_are_lines(deployed: DeploymentStore, end: str) -> None:
    """And nothing else is: U+2028, U+0085 and a vertical tab stay in their cell."""
    done, found = imported(deployed, (HEADER + "a,a@example.com,A\u2028\x0b\x85B\nb,b,B\n").replace("\n", end))
    assert (places(done.bad), found) == ([3], {"a": "A\u2028\x0b\x85B"})


def test_empty_cells_at_the_end_are_no_cells(deployed: DeploymentStore) -> None:
    """Excel writes a comma for every column that ever held something; a cell with something in it is one."""
    done, found = imported(deployed, "\nid,email,name,,\na,a@example.com,A,,\nb,b@example.com,B\nc,c@e.com,C,x,\n")
    assert (places(done.bad), set(found)) == ([5], {"a", "b"})
    assert "4 cells under 3 columns" in done.bad[0]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "the file is empty"),
        ("\n \r\n", "the file is empty"),
        ("ID,Email\n", "unknown column 'ID'.*did you mean 'id'"),
        ("id,email,id\n", "column 'id' stands twice"),
        ("id,,email\n", "column 2 has no name"),
        ("name\nx\n", "no column names the lead"),
        (",,,\n", "no column names the lead"),
        ('id,"email\na,b\n', "the header: a quote is opened"),
        ("id,na\0me\n", "the header holds a NUL"),
        ("id" * LONGEST_LINE, "the first line has 2,000,000 characters"),
    ],
)
def test_a_header_that_cannot_be_used_refuses_the_file(deployed: DeploymentStore, text: str, why: str) -> None:
    """It says why, and no row is read."""
    with pytest.raises(FileRefused, match=why):
        imported(deployed, text)


def test_a_message_is_no_longer_than_one_can_read(deployed: DeploymentStore) -> None:
    """A cell of a hundred thousand characters is not told in full."""
    done, _ = imported(deployed, f"id,employees\na,{'x' * 100_000}\n")
    assert len(done.bad[0]) < 600


@pytest.mark.parametrize("at", ["2099-01-01T00:00:00+09:00", "2026-11-02T11:00:00+09:00"])
def test_a_consent_that_lies_ahead_counts_from_now_and_is_told(deployed: DeploymentStore, at: str) -> None:
    """The row is kept; a clock that goes a few minutes fast is not told of."""
    header = "id,email,consent_topics,consent_basis,consent_at\n"
    near = (NOW + timedelta(minutes=5)).isoformat()
    done, _ = imported(
        deployed, f"{header}a,a@example.com,newsletter,opt_in,{at}\nb,b@example.com,newsletter,opt_in,{near}\n"
    )
    assert (done.good, done.bad) == (2, [])
    assert places(done.warned) == [2]
    assert "is in the future, so the consent counts from now" in done.warned[0]
    with reading(deployed.engine) as conn:
        assert list(conn.execute(select(consents.c.at)).scalars()) == [NOW, NOW]


@pytest.mark.parametrize("at", ["1969-12-31T00:00:00+00:00", "1900-01-01T00:00:00+09:00"])
def test_a_consent_from_before_1970_is_a_bad_row(deployed: DeploymentStore, at: str) -> None:
    """Such a day is a spreadsheet's nothing, and no proof."""
    text = f"id,email,consent_topics,consent_basis,consent_at\na,a@example.com,newsletter,opt_in,{at}\nb,b@e.com,,,\n"
    done, found = imported(deployed, text)
    assert (places(done.bad), set(found)) == ([2], {"b"})
    assert "consent_at: " in done.bad[0]
    assert "is before 1970" in done.bad[0]
