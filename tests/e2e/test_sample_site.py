"""The sample site of the demo, clicked through by a person in a real browser: page views become points."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.browser import chromium
from tests.e2e.whole import Whole, patiently

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
