"""`nurture guide`: five steps, each with what the data says, in both languages and on less than a whole folder."""

from __future__ import annotations

import re
import shutil
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
    assert re.search(r"58% \(48–67%, 55/95\)", segments)
    assert ("願望" if language == "ja" else "wishful") in journey
    assert re.search(r"handed_over +\d+\.\d %", scenario)
    rates = [int(rate) for rate in re.findall(r"^ *[\d–]+ +\d+ +(\d+) %", score, re.MULTILINE)]
    assert len(rates) == 5
    assert rates == sorted(rates, reverse=True)
    assert re.search(r"\d+ / \d+", hot)


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


def test_a_folder_with_errors_ends_with_what_is_wrong(nurture: Nurture) -> None:
    """There is nothing to lead through before it can be read."""
    Path("scenarios/segments.yaml").write_text("broken: {when: {attribute: nothing, is: 1}}\n", encoding="utf-8")
    said = nurture("guide")
    assert said.code == 1
    assert "unknown attribute 'nothing'" in said.err
