"""`nurture segments report`: the 4R on the terminal, as a page and as data, from a file and from the database."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from sqlalchemy import insert

from adapters.database.engine import open_database, writing
from adapters.database.schema import events, handoffs
from adapters.settings import read_settings
from tests.cli.conftest import Nurture

DEALS = "scenarios/history/deals.csv"
SMALL = """lead,since,employees,pricing_visited_on,outcome,closed
a,2026-01-05,80,2026-02-01,won,2026-03-01
b,2026-02-05,80,,lost,2026-04-01
c,2026-03-05,20,2026-05-01,won,2026-05-20
d,2026-04-05,,,,
"""


class Page(HTMLParser):
    """What a page refers to, and whether every element is closed."""

    VOID = ("meta", "br", "link", "img", "input", "hr")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.outside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in self.VOID:
            self.open.append(tag)
        self.outside += [str(value) for name, value in attrs if name in ("src", "href") or tag == "script"]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read_page(path: str) -> str:
    """A page that stands by itself: well formed, and nothing is fetched from elsewhere."""
    text = Path(path).read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.open, page.outside, "url(" in text) == ([], [], False)
    return text


def test_the_sample_of_past_deals_is_reported_on_in_the_language_of_the_scenarios(nurture: Nurture) -> None:
    """Four verdicts with figures, the floor from the capacity of the reps, and what to change, in Japanese."""
    said = nurture("segments", "report", "--history", DEALS)
    assert (said.code, said.err) == (0, "")
    assert re.search(r"^1\. midsize_infrastructure .*\[人口動態・地理\]", said.out, flags=re.MULTILINE)
    assert re.search(r"Rank 優先度 +良い +受注率 \d\d% \(\d\d–\d\d%, \d+/\d+\)、全体は \d\d%", said.out)
    assert "(下限 14 件)" in said.out
    assert "「従業員数 50〜100」を緩めると" in said.out
    assert "地域" in said.out


def test_one_segment_in_english_with_another_floor(nurture: Nurture) -> None:
    """NAME, --language and --floor."""
    said = nurture(
        "segments", "report", "midsize_infrastructure", "--history", DEALS, "--language", "en", "--floor", "1"
    )
    assert said.code == 0
    assert "dormant" not in said.out
    assert re.search(r"Realistic +good .*\n.*\(floor 1\)", said.out)


def test_the_figures_are_those_of_the_file(nurture: Nurture) -> None:
    """Three decided leads, two of them of that size, one of which was won; as of the newest day in the file."""
    Path("small.csv").write_text(SMALL, encoding="utf-8")
    Path("scenarios/segments.yaml").write_text(
        "midsize_infrastructure: {when: {all: [{attribute: employees, at_least: 50}, {not: {did: {opened: any}}}]}}\n"
        "dormant: {when: {all: [{did: {visited: /pricing}}, {attribute: employees, at_most: 50}]}}\n"
    )
    Path("small.columns.yaml").write_text(
        "outcome: {column: outcome, won: [won], lost: [lost]}\nid: lead\nsince: since\nclosed: closed\n"
        "columns: {employees: {attribute: employees, type: number}, pricing_visited_on: {event: {visited: /pricing}}}\n"
    )
    said = nurture("segments", "report", "--history", "small.csv", "--format", "json")
    found = json.loads(said.out)
    assert (found["at"][:10], found["leads"], found["won"], found["lost"]) == ("2026-05-20", 4, 2, 1)
    by_name = {each["name"]: each for each in found["segments"]}
    rank = by_name["midsize_infrastructure"]["rank"]
    assert (rank["inside"]["hits"], rank["inside"]["of"], rank["all"]["of"]) == (1, 2, 3)
    assert rank["lift"] == pytest.approx(0.75)
    assert by_name["dormant"]["reach"]["won"]["hits"] == 1
    assert by_name["dormant"]["response"]["parts"][1]["share"] == {
        "hits": 3, "of": 4, "value": 0.75, "low": 0.3006, "high": 0.9544,
    }  # fmt: skip
    assert by_name["dormant"]["condition"]["all"][0] == {"did": {"visited": "/pricing"}}


def test_the_page_stands_by_itself_and_escapes_what_people_wrote(nurture: Nurture) -> None:
    """One file; a title is text."""
    path = Path("scenarios/segments.yaml")
    path.write_text(path.read_text(encoding="utf-8").replace("中堅インフラ企業", "<b>中堅</b>"), encoding="utf-8")
    said = nurture("segments", "report", "--history", DEALS, "--html", "report.html")
    assert (said.code, "written: report.html" in said.out) == (0, True)
    text = read_page("report.html")
    assert '<html lang="ja">' in text
    assert "&lt;b&gt;中堅&lt;/b&gt;" in text
    assert all(f'scope="{scope}"' in text for scope in ("col", "row"))
    assert nurture("segments", "report", "--history", DEALS, "--html", "nowhere/report.html").code == 1


def test_leads_in_the_database_are_judged_by_what_is_deployed(deployed: Nurture) -> None:
    """30 leads of the segment, 24 with a closed task, 15 of them won; what the first became then is no matter."""
    rows = [f"l{n},{60 if n < 30 else 20},telecom,関東" for n in range(60)]
    Path("leads.csv").write_text("\n".join(["id,employees,industry,region", *rows]) + "\n", encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    engine = open_database(read_settings().database_url)
    with writing(engine) as conn:
        now = datetime.now().astimezone()
        for n in [*range(24), *range(30, 54)]:
            won = n < 15 or n == 30
            conn.execute(
                insert(handoffs).values(
                    id=f"h{n}", lead=f"l{n}", queue="inside_sales", state="won" if won else "lost", made_at=now,
                    closed_at=now,
                )
            )  # fmt: skip
        conn.execute(
            insert(events).values(
                event="e", lead="l0", type="requested", subject="demo", at=now + timedelta(days=1), received_at=now
            )
        )
    engine.dispose()
    Path("leads.csv").write_text("id,employees\nl0,900\n", encoding="utf-8")
    assert deployed("leads", "import", "leads.csv").code == 0
    said = deployed("segments", "report", "midsize_infrastructure", "--format", "json")
    (found,) = json.loads(said.out)["segments"]
    assert (found["rank"]["verdict"], found["rank"]["inside"]["hits"], found["rank"]["inside"]["of"]) == (
        "good",
        15,
        24,
    )
    assert (found["rank"]["all"]["hits"], found["rank"]["all"]["of"]) == (16, 48)
    assert (found["realistic"]["now"], found["realistic"]["months"]) == (6, [30])
    assert [(each["phase"], each["inside"]["hits"]) for each in found["reach"]["phases"]] == [
        ("research", 30), ("comparison", 0), ("decision", 0),
    ]  # fmt: skip
    assert (found["reach"]["handed_over"]["hits"], found["reach"]["handed_over_all"]["hits"]) == (24, 48)


def test_without_leads_and_without_a_deployment_it_is_said_what_to_do(nurture: Nurture) -> None:
    """Nothing deployed; nobody imported; a segment that does not exist; no segment at all."""
    said = nurture("segments", "report")
    assert (said.code, "nurture deploy" in said.err) == (1, True)
    assert nurture("deploy").code == 0
    said = nurture("segments", "report")
    assert (said.code, "リードがまだありません" in said.out) == (0, True)
    said = nurture("segments", "report", "midsize")
    assert (said.code, "midsize_infrastructure" in said.err) == (1, True)
    for name in ("segments", "seminar_to_demo", "reactivation"):
        Path(f"scenarios/{name}.yaml").unlink()
    said = nurture("segments", "report", "--folder", "scenarios")
    assert (said.code, "segments.yaml" in said.err) == (1, True)


def test_a_table_in_the_words_of_people_is_understood_and_guesses_are_told(nurture: Nurture) -> None:
    """Labels stand for keys, so the telecom fits; a word that is neither is told; so is what columns were taken for."""
    Path("jp.csv").write_text(
        "商談ID,登録日,従業員数,業種,地域,結果,クローズ日\n"
        "1,2026/1/5,80,通信,関東,受注,2026/3/1\n"
        "2,2026/1/9,70,utilities,関東,失注,2026/4/1\n"
        "3,2026/2/9,70,農業,関東,失注,2026/4/1\n",
        encoding="utf-8",
    )
    said = nurture("segments", "report", "midsize_infrastructure", "--history", "jp.csv", "--format", "json")
    assert json.loads(said.out)["segments"][0]["rank"]["inside"]["of"] == 2
    assert "1 lead(s) have '農業' as industry, none of its values: telecom, broadcasting" in said.err
    assert "業種 = industry" in said.err
    assert "write jp.columns.yaml" in said.err


def test_on_a_narrow_terminal_figures_stand_below(nurture: Nurture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line for each R with its verdict, its figures indented below it."""
    monkeypatch.setenv("COLUMNS", "50")
    lines = nurture("segments", "report", "--history", DEALS, "--language", "en").out.splitlines()
    place = next(index for index, line in enumerate(lines) if re.fullmatch("Rank  good *", line))
    assert lines[place + 1].startswith("  won 55% (47–62%, 102/187)")


def test_bad_rows_are_told_and_the_rest_is_reported(nurture: Nurture) -> None:
    """A size that is no number counts as unknown, with its line; a file that is not there ends it."""
    deals = Path(DEALS)
    lines = deals.read_text(encoding="utf-8").splitlines()
    cells = lines[4].split(",")
    cells[3] = "many"
    deals.write_text("\n".join([*lines[:4], ",".join(cells), *lines[5:]]) + "\n", encoding="utf-8")
    said = nurture("segments", "report", "--history", DEALS)
    assert said.code == 0
    assert "1 cell(s) of 'employees' are no number" in said.err
    assert "line(s) 5" in said.err
    assert nurture("segments", "report", "--history", "none.csv").code == 1


def test_brackets_in_the_name_of_a_page_are_a_name(nurture: Nurture) -> None:
    """They mean nothing to the terminal: not swallowed, and no traceback after the page was written."""
    for words in (("segments", "report", "--history", DEALS), ("journey", "check", "--history", DEALS),
                  ("journey", "show")):  # fmt: skip
        for name in ("map[final].html", "[/x].html"):
            Path(name).parent.mkdir(exist_ok=True)
            said = nurture(*words, "--html", name)
            assert (said.code, f"written: {name}" in said.out) == (0, True)


def test_whoever_asks_by_a_table_is_not_told_to_bring_one(nurture: Nurture) -> None:
    """Four deals: it is said how many more are needed."""
    Path("small.csv").write_text(SMALL, encoding="utf-8")
    Path("small.columns.yaml").write_text(
        "outcome: {column: outcome, won: [won], lost: [lost]}\nclosed: closed\nsince: since\nid: lead\n"
        "columns: {employees: {attribute: employees, type: number}}\n"
    )
    said = nurture("segments", "report", "--history", "small.csv", "--language", "en")
    assert "more are needed; a longer table" in said.out, said.err
    assert "bring past deals" not in said.out
