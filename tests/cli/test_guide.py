"""`nurture guide`: five steps, each with what the data says, in both languages and on less than a whole folder."""

from __future__ import annotations

import re
import shutil
from itertools import pairwise
from pathlib import Path

import pytest

from tests.cli.conftest import Nurture


@pytest.mark.parametrize(
    ("language", "headings"),
    [
        (
            "ja",
            [
                "1. セグメンテーション",
                "2. カスタマージャーニーマップ",
                "3. シナリオ設計",
                "4. スコアリング",
                "5. ホット",
            ],
        ),
        ("en", ["1. Segmentation", "2. Customer journey map", "3. Scenario design", "4. Scoring", "5. Hot leads"]),
    ],
)
def test_the_five_steps_stand_in_their_order_with_figures_of_the_sample_deals(
    nurture: Nurture, language: str, headings: list[str]
) -> None:
    """Segments by the four R, the map against reality, where leads end, points against deals, hot leads a week."""
    said = nurture("guide", "--language", language)
    assert (said.code, said.err.strip()) == (0, "")
    places = [said.out.index(heading) for heading in headings]
    assert places == sorted(places)
    segments, journey, scenario, score, hot = (
        said.out[start:end] for start, end in zip(places, [*places[1:], None], strict=True)
    )
    assert "midsize_infrastructure" in segments
    assert re.search(r"55% \(47–62%, 102/187\)", segments)
    assert ("願望" if language == "ja" else "wishful") in journey
    assert re.search(r"handed_over +\d+\.\d %", scenario)
    rates = [int(rate) for rate in re.findall(r"^ *[\d.–]+ +\d+ +(\d+) %", score, re.MULTILINE)]
    assert len(rates) == 5
    assert rates == sorted(rates, reverse=True)
    bands = re.findall(r"^ *([\d.]+)–([\d.]+) +\d+ +\d+ %", score, re.MULTILINE)
    assert len(bands) == 5
    assert all(float(low) > float(high) for (low, _), (_, high) in pairwise(bands)), "no point is in two bands"
    assert re.search(r"\d+ / \d+", hot)
    assert ("3 件以上" if language == "ja" else "sales can take at least 3") in hot
    assert "nurture backtest --history scenarios/history/deals.csv" in hot
    for word in ("成約", "地図", "引き渡"):
        assert word not in said.out


def test_one_step_alone(nurture: Nurture) -> None:
    """Nothing of the others."""
    said = nurture("guide", "--step", "4", "--language", "en").out
    assert "4. Scoring" in said
    assert "1. Segmentation" not in said
    assert "5. Hot" not in said


def test_what_a_folder_lacks_is_named_and_the_rest_is_told(nurture: Nurture) -> None:
    """No map, no audience, no agreement and no deals: each step says what to write, none hides the next."""
    shutil.rmtree("scenarios/history")
    Path("scenarios/audience.yaml").unlink()
    Path("scenarios/journey_map.yaml").unlink()
    for name in ("hot_lead.yaml", "seminar_to_demo.yaml", "reactivation.yaml", "trial_onboarding.yaml"):
        Path("scenarios", name).unlink()
    said = nurture("guide", "--language", "en")
    assert said.code == 0
    for missing in ("no journey map yet", "no scenario hands over", "nobody was won or lost yet", "no hot_lead.yaml"):
        assert missing in said.out, missing
    assert not Path("var/nurture.db").exists(), "a guide makes nothing"


def test_a_table_that_is_named_and_cannot_be_read_ends_it_at_once(nurture: Nurture) -> None:
    """Nothing is told by other data than was asked for."""
    said = nurture("guide", "--history", "nope.csv")
    assert (said.code, "nope.csv" in said.err, "1. " in said.out) == (1, True, False)


def test_wrong_input_of_one_step_is_said_there_and_by_the_exit_code(nurture: Nurture) -> None:
    """Rates saved by a Japanese Windows, and rates that are none: the other steps have their figures."""
    for raw in ("# 開封率\ndefault: {}\n".encode("cp932"), b"default: {opened: often}\n", b"default: [\n"):
        Path("scenarios/audience.yaml").write_bytes(raw)
        said = nurture("guide", "--language", "en")
        assert (said.code, "audience.yaml" in said.out) == (1, True)
        assert re.search(r"\d+ / \d+", said.out)
        assert nurture("guide", "--step", "4").code == 0


def test_a_share_of_nothing_is_no_share(nurture: Nurture) -> None:
    """Where nobody would have become hot: not 0 % of them were won."""
    Path("scenarios/hot_lead.yaml").write_text(
        "all: [{did: {attended: seminar}, at_least: 9, within: 7d}]\nqueue: inside_sales\n", encoding="utf-8"
    )
    assert re.search(r"won of those hot leads +–", nurture("guide", "--step", "5", "--language", "en").out)


def test_a_folder_with_errors_ends_with_what_is_wrong(nurture: Nurture) -> None:
    """There is nothing to lead through before it can be read."""
    Path("scenarios/segments.yaml").write_text("broken: {when: {attribute: nothing, is: 1}}\n", encoding="utf-8")
    said = nurture("guide")
    assert said.code == 1
    assert "unknown attribute 'nothing'" in said.err


def test_a_table_is_read_and_its_faults_told_once(nurture: Nurture) -> None:
    """Whether it can be used or not: four steps look at it, none tells again what is wrong with a cell."""
    deals = Path("scenarios/history/deals.csv")
    rows = deals.read_text(encoding="utf-8").splitlines()
    rows[1] = rows[1].replace(",2024-11-", ",2O24-11-", 1)
    deals.write_text("\n".join(rows) + "\n", encoding="utf-8")
    said = nurture("guide", "--language", "en")
    assert (said.code, said.err.count("are no date and count as empty")) == (0, 1)
    Path("scenarios/history/deals.columns.yaml").write_text(
        "outcome: {column: outcome, won: [won], lost: [lost]}\ncolumns: {employees: {attribute: size, type: number}}\n",
        encoding="utf-8",
    )
    said = nurture("guide", "--language", "en")
    assert (said.code, said.err.count("the definitions have no attribute 'size'")) == (1, 1)
    assert said.out.count("no deal has a date") == 4
    assert re.search(r"handed_over +\d+\.\d %", said.out)
