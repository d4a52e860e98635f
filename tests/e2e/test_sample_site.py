"""The sample site of the demo, clicked through by a person in a real browser: page views become points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.e2e.conftest import write_folder
from tests.e2e.shared import person
from tests.e2e.whole import Whole, patiently

SCENARIO = """\
scenario: letters
language: en
topic: newsletter
start: first
steps:
  first: {send: mail_a, wait: 3000d, then: bye}
  bye: {finish: over}
"""
ADDRESS = "kari.hanako@example.co.jp"


@pytest.mark.timeout(180)
def test_what_was_seen_before_the_sign_up_becomes_points(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """Consent, prices, catalog, form: the lead has the points of all three, and each later look within seconds."""
    nurture = whole(environment={"NURTURE_SAMPLE_SITE": "1"})
    nurture.start()
    assert nurture.run("deploy", "scenarios").returncode == 0
    with chromium(tmp_path / "browser") as browser:
        page = browser.pages[0]
        page.goto(f"{nurture.web}/site", wait_until="networkidle")
        page.click("text=同意する >> visible=true")
        page.click("nav >> text=料金")
        page.click("nav >> text=カタログ")
        with page.expect_download():
            page.click("text=カタログをダウンロード")
        page.click("nav >> text=セミナー")
        page.click("text=申し込む(無料)")
        page.fill("input[name=email]", ADDRESS)
        page.click("button[type=submit]")
        page.wait_for_url("**/thanks")

        def points() -> dict[str, float]:
            found = nurture.get(f"/api/leads?q={ADDRESS}")["items"]
            return {name: round(number) for name, number in found[0]["score"]["items"].items()} if found else {}

        wanted = {"pricing_page": 15, "whitepaper": 8}
        patiently(lambda: {name: points().get(name) for name in wanted} == wanted, seconds=30)
        page.goto(f"{nurture.web}/site/pricing", wait_until="networkidle")
        patiently(lambda: points().get("pricing_page") == 30, seconds=20)
    (lead,) = nurture.get(f"/api/leads?q={ADDRESS}")["items"]
    told: list[dict[str, Any]] = list(nurture.all(f"/api/leads/{lead['id']}/timeline"))
    assert [line["subject"] for line in told if line["what"] == "visited"].count("/pricing") == 2
    assert ("downloaded", "catalog") in {(line["what"], line["subject"]) for line in told}
    assert any(line["kind"] == "score" and line["subject"] == "pricing_page" for line in told), told
    assert nurture.stop() == 0


@pytest.mark.timeout(180)
def test_a_link_in_a_mail_makes_a_browser_known(whole: Callable[..., Whole], tmp_path: Path) -> None:
    """With consent, from the page that it leads to on; the mark is gone from the address, and no form was posted."""
    nurture = whole(environment={"NURTURE_SAMPLE_SITE": "1"}, speed=60)
    nurture.start()
    folder = write_folder(tmp_path / "scenarios", SCENARIO)
    mail = "---\nsubject: prices\n---\n[Prices]({{ link('/site/pricing') }})\n"
    (folder / "templates" / "mail_a.en.md").write_text(mail, encoding="utf-8")
    assert nurture.run("deploy", str(folder)).returncode == 0
    assert nurture.post("/api/leads", person("a")).status_code == 201
    nurture.post("/api/enrollments", {"scenario": "letters", "leads": ["a"]})
    (link,) = [each for each in nurture.mail("a@example.com")["links"] if "/site/pricing" in each]
    assert "?nv=" in link
    with chromium(tmp_path / "browser") as browser:
        page = browser.pages[0]
        page.goto(f"{nurture.web}/site", wait_until="networkidle")
        page.click("text=同意する >> visible=true")
        page.wait_for_timeout(500)  # thirty seconds of nurture's clock: no machine waits so long
        page.goto(link, wait_until="networkidle")
        assert page.url == f"{nurture.web}/site/pricing"

        def told() -> list[tuple[str, str]]:
            lines = nurture.all("/api/leads/a/timeline?limit=200")
            return [(line["what"], line["subject"]) for line in lines]

        patiently(lambda: ("visited", "/pricing") in told())
    assert [what for what, _ in told()].count("visitor_known") == 1
    assert ("visited", "/") not in told(), "what was seen before stays nobody's until a form is posted"
    assert nurture.stop() == 0
