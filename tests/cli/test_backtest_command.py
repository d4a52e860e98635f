"""`nurture backtest`: over a table of past deals and over what the database has."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from adapters.database.engine import open_database, writing
from adapters.database.schema import enrolments, handoffs
from adapters.settings import read_settings
from tests.cli.conftest import Nurture

DEALS = "scenarios/history/deals.csv"
DAY = timedelta(days=1)


def lowered(threshold: int) -> None:
    """Another threshold of the score in the folder."""
    hot = Path("scenarios/hot_lead.yaml")
    text = hot.read_text(encoding="utf-8").replace("at_least: 120", f"at_least: {threshold}")
    hot.write_text(text, encoding="utf-8")


def as_json(said: Any) -> dict[str, Any]:
    """What was printed as JSON."""
    assert said.code == 0, said.err
    found: dict[str, Any] = json.loads(said.out)
    return found


def test_past_deals_without_any_data_of_ours(nurture: Nurture) -> None:
    """A company can try its definitions before anything runs: weeks, rates, won leads, and no database is made."""
    said = nurture("backtest", "--history", DEALS, "--since", "365d", "--language", "en")
    assert said.code == 0, said.err
    assert f"1,400 leads of {DEALS}" in said.out
    assert "week of" in said.out
    assert "sales can take at least 3.1 a week (2 rep(s) hold 40 tasks" in said.out
    assert "hot before: " in said.out
    assert "against the current deployment" not in said.out
    assert not Path("var/nurture.db").exists()


def test_it_speaks_japanese_where_the_scenarios_do(deployed: Nurture) -> None:
    """Every sentence, heading, rule and reason; programs get the same words as ever."""
    lowered(100)
    said = deployed("backtest", "--history", DEALS, "--since", "365d", "--capacity", "3")
    assert (said.code, said.err) == (0, "")
    assert re.search(r"^バックテスト 2025-10-31 〜 2026-10-31、リード 1,400 件", said.out)
    assert re.search(r"営業が受けられるのは週 3\.0 件\(--capacity の指定\)。超えた週は \d+ 週", said.out)
    assert re.search(r"ホットになった後に決着したリードの受注率: \d\d% \(\d\d%〜\d\d%, \d+/\d+\)", said.out)
    assert re.search(r"なし +属性の点 30 点以上\(実際は 27 点\) / 行動の点 100 点以上", said.out)
    assert re.search(r"新しい定義でだけホット +結果 .*\n.* 受注 .* スコア合計 100 点以上", said.out)
    english = re.findall(r"[A-Za-z_]{4,}", said.out)
    assert set(english) <= {"scenarios", "history", "deals", "deal_", "consultation", "seminar", "capacity"}
    found = as_json(deployed("backtest", "--history", DEALS, "--since", "365d", "--format", "json"))
    assert found["capacity"]["why"].startswith("2 rep(s) hold 40 tasks")
    assert found["only_new"][0]["crossings"][0]["reasons"] == ["score total at least 100"]


def test_a_second_table_tells_what_leads_did(nurture: Nurture) -> None:
    """A tool for mails keeps what people did apart from the deals: with it somebody is hot, without it nobody."""
    Path("deals.csv").write_text("id,since,closed,outcome\na,2026-01-05,2026-03-02,won\n", encoding="utf-8")
    Path("deals.columns.yaml").write_text(
        "outcome: {column: outcome, won: [won]}\nid: id\nsince: since\nclosed: closed\n", encoding="utf-8"
    )
    Path("acts.csv").write_text(
        "lead,type,subject,at\na,attended,seminar,2026-01-20\na,attended,consultation,2026-02-01\n", encoding="utf-8"
    )
    words = ("backtest", "--history", "deals.csv", "--format", "json")
    assert as_json(nurture(*words))["hot"] == 0
    assert as_json(nurture(*words, "--events", "acts.csv"))["won"][0]["days_before"] == 29


def test_json_has_every_figure(nurture: Nurture) -> None:
    """The parts add up, and each won lead has its first day or what it lacked."""
    found = as_json(nurture("backtest", "--history", DEALS, "--since", "365d", "--capacity", "2", "--format", "json"))
    assert sum(week["hot"] for week in found["weeks"]) == found["hot"] > 0
    assert found["capacity"]["per_week"] == 2
    assert found["rate"]["low"] <= found["rate"]["won"] / found["rate"]["of"] <= found["rate"]["high"]
    assert found["won"]
    for lead in found["won"]:
        assert (lead["first_hot_at"] is None) == (lead["lacked"] is not None)
        assert lead["days_before"] is None or lead["days_before"] >= 0


def test_a_lower_threshold_finds_more_and_the_difference_is_listed(deployed: Nurture) -> None:
    """Compared with what is deployed: everybody of before is still there, and the others are `only_new`."""
    before = as_json(deployed("backtest", "--history", DEALS, "--since", "365d", "--format", "json"))
    assert (before["only_new"], before["only_old"]) == ([], [])
    lowered(80)
    after = as_json(deployed("backtest", "--history", DEALS, "--since", "365d", "--format", "json"))
    assert after["hot"] > before["hot"]
    assert after["compared"]
    assert len(after["only_new"]) > 0
    text = deployed("backtest", "--history", DEALS, "--since", "365d", "--language", "en").out
    assert f"against the current deployment: {len(after['only_new'])} (" in text
    assert "hot under the new only" in text


def test_what_the_database_holds_is_judged_by_what_leads_were_then(deployed: Nurture) -> None:
    """Hot by a demo, won, and a customer ever since: at that time it was none. Tasks say how long sales needs."""
    Path("leads.csv").write_text(
        "id,employees,industry,title\nl1,120,telecom,section_head\nl2,120,telecom,section_head\n", encoding="utf-8"
    )
    assert deployed("leads", "import", "leads.csv").code == 0
    Path("later.csv").write_text("id,relation\nl1,customer\n", encoding="utf-8")
    assert deployed("leads", "import", "later.csv").code == 0
    lowered(35)
    now, engine = datetime.now(UTC), open_database(read_settings().database_url)
    with writing(engine) as conn:
        for name, state, days in (("l1", "won", 14), ("l2", "returned", 10), ("l2", "expired", 21)):
            made = {"lead": name, "queue": "inside_sales", "state": state, "made_at": now - days * DAY}
            conn.execute(insert(handoffs).values(id=f"{name}/{state}", closed_at=now, **made))
        for name in ("l1", "l2"):  # an import alone would start no workflow
            enrolled = {"scenario": "seminar_to_demo", "deployment": 1, "priority": 0, "state": "enrolled"}
            conn.execute(insert(enrolments).values(lead=name, enrolment=1, decided_at=now - 20 * DAY, **enrolled))
    engine.dispose()
    found = as_json(deployed("backtest", "--since", "30d", "--format", "json"))
    assert [(lead["lead"], lead["first_hot_at"] is not None) for lead in found["won"]] == [("l1", True)]
    assert sorted(lead["lead"] for lead in found["only_new"]) == ["l1", "l2"]
    assert found["capacity"]["why"].endswith("each open for 14.0 days: the median of 3")
    assert round(found["capacity"]["per_week"], 1) == 20.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--since", "soon", "--history", DEALS), "'soon' is not a duration"),
        (("--since", "5bd", "--history", DEALS), "no span of time to look back over"),
        (("--history", "nowhere.csv"), "nowhere.csv"),
        (("nowhere", "--history", DEALS), "nowhere"),
    ],
)
def test_what_cannot_be_done_is_said_with_what_to_do(nurture: Nurture, words: tuple[str, ...], said: str) -> None:
    """Never a traceback."""
    found = nurture("backtest", *words)
    assert found.code in (1, 2)
    assert said in found.err


def test_without_any_past_it_says_what_to_do(nurture: Nurture) -> None:
    """No data at all, no leads, no definition: three different sentences."""
    nothing = nurture("backtest")
    assert "--history" in nothing.err + nothing.out
    assert nurture("deploy").code == 0
    empty = nurture("backtest")
    assert empty.code == 0
    assert "リードがまだありません" in empty.out
    assert "there is no lead yet" in nurture("backtest", "--language", "en").out
    Path("scenarios/hot_lead.yaml").unlink()
    without = nurture("backtest", "--history", DEALS)
    assert without.code == 1
    assert "hot_lead.yaml" in without.err
