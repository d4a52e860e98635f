"""`nurture segments`: what people read of a segment, and what they export."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from adapters.lead_export import cell
from tests.cli.conftest import Nurture

CUT = """\
four_axes:
  title: 首都圏でサポートを重視する見込み客
  when:
    all:
      - {attribute: region, in: [関東]}
      - {attribute: employees, at_least: 50}
      - {attribute: values, contains: サポート}
      - {not: {attribute: relation, is: customer}}
nobody:
  when: {all: [{attribute: employees, at_least: 1}, {attribute: employees, at_least: 100000}]}
"""
LEADS = """\
id,email,company,region,employees,values,relation
a,a@example.jp,=cmd(),関東,80,サポート;価格,prospect
b,b@example.jp,例示商事,関東,80,価格,prospect
c,c@example.jp,例示商店,関東,40,サポート,prospect
d,d@example.jp,例示工業,近畿,90,サポート,customer
"""


@pytest.fixture
def filled(deployed: Nurture) -> Nurture:
    """Four leads, and segments that are written and not deployed."""
    Path("leads.csv").write_text(LEADS, encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    Path("scenarios/segments.yaml").write_text(
        Path("scenarios/segments.yaml").read_text(encoding="utf-8") + CUT, encoding="utf-8"
    )
    return deployed


def test_each_condition_says_what_it_removes_alone_and_in_order(filled: Nurture) -> None:
    """A segment can be tried before it is deployed; axes, share and a few leads without their addresses."""
    said = filled("segments", "show", "four_axes", "--folder", "scenarios")
    assert said.code == 0, said.err
    lines = [" ".join(line.split()) for line in said.out.splitlines()]
    assert "1 of 4 lead(s), 25.0 %, by scenarios" in lines
    assert "axes: demographic, geographic, psychographic, behavioural" in lines
    assert "region in [関東] 3 1 3" in lines
    assert "employees at_least 50 3 1 2" in lines
    assert "values contains サポート 3 1 1" in lines
    assert "not relation is customer 3 1 1" in lines
    assert "a =cmd() 関東 80 サポート;価格 prospect" in lines
    assert "@" not in said.out


def test_where_nobody_fits_the_condition_that_removes_most_is_named(filled: Nurture) -> None:
    """No empty table; the end is 0, for nothing is wrong."""
    said = filled("segments", "show", "nobody", "--folder", "scenarios")
    assert said.code == 0
    assert "nobody fits; the condition that removes most is employees at_least 100000: 4 lead(s)" in said.out


def test_an_export_is_read_back_as_it_was_but_for_formulas(filled: Nurture) -> None:
    """Id and every attribute; with --excel it begins with the mark that Excel asks for."""
    said = filled("segments", "show", "four_axes", "--folder", "scenarios", "--csv", "out.csv", "--excel")
    assert said.code == 0
    assert "1 lead(s) written to out.csv" in said.err
    assert Path("out.csv").read_bytes().startswith(b"\xef\xbb\xbfid,company,employees")
    (row,) = csv.DictReader(Path("out.csv").read_text(encoding="utf-8-sig").splitlines())
    assert (row["id"], row["company"], row["employees"], row["values"]) == ("a", "'=cmd()", "80", "サポート;価格")
    on_terminal = filled("segments", "show", "four_axes", "--folder", "scenarios", "--csv", "-")
    assert on_terminal.out.splitlines()[1].startswith("a,'=cmd(),80,")


def test_all_segments_are_listed_with_where_they_lead(filled: Nurture) -> None:
    """Those that are deployed, with their numbers."""
    said = filled("segments", "list")
    assert said.code == 0
    assert "midsize_infrastructure" in said.out
    assert "seminar_to_demo" in said.out
    assert "four_axes" not in said.out
    assert "four_axes" in filled("segments", "list", "--folder", "scenarios").out


def test_what_cannot_be_shown_says_what_to_do(filled: Nurture) -> None:
    """A name that is not deployed with near ones; a file that cannot be written; a home in which there is nothing."""
    said = filled("segments", "show", "dormnt")
    assert said.code == 1
    assert "did you mean 'dormant'?" in said.err
    said = filled("segments", "show", "dormant", "--csv", "no/such/folder.csv")
    assert said.code == 1
    assert "choose another name" in said.err


def test_a_home_without_segments_or_leads_says_so(nurture: Nurture) -> None:
    """No traceback, no empty table, and no database made by looking."""
    for words in (("list",), ("show", "dormant")):
        said = nurture("segments", *words)
        assert (said.code, "nothing has been deployed yet" in said.err) == (1, True)
    said = nurture("segments", "show", "dormant", "--folder", "scenarios")
    assert "there are no leads yet" in said.out + said.err
    assert not Path("var/nurture.db").exists()
    assert nurture("deploy").code == 0
    assert "there are no leads yet: nurture leads import FILE.csv" in nurture("segments", "show", "dormant").out


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("=1+1", "'=1+1"), ("+81-3-0000-0000", "'+81-3-0000-0000"), ("-5", "'-5"), (-5, "-5"), ("@x", "'@x"),
        ("＝１", "'＝１"), ("\t=1", "'\t=1"), ("見本", "見本"), (True, "true"), (1.5, "1.5"), (None, ""),
        (["=a", 1], "'=a;1"), (["a", "=b"], "a;=b"), ("a=b", "a=b"),
    ],
)  # fmt: skip
def test_no_spreadsheet_carries_out_what_a_lead_wrote(value: object, written: str) -> None:
    """Numbers stay numbers, texts that begin like formulas get an apostrophe."""
    assert cell(value) == written
