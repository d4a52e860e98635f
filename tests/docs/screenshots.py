"""Takes the pictures of the Temporal UI from a running demo: `python tests/docs/screenshots.py HOME CHROMIUM`.

HOME is the demo's folder, CHROMIUM the path of a Chromium binary. Run it when some leads have gone back a step and some
are with sales; it looks for one that has done both. It deploys a template that needs a name and enrols two leads
without one, so that somebody is blocked: use a demo that is thrown away. Those of the console `make screenshots` takes.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
from playwright.sync_api import Page, sync_playwright

from adapters.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / "docs" / "images"
SCENARIOS = ROOT / "scenarios"
BLOCKED = "NurtureStatus = 'blocked'"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip


def pages(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """Every item of a list of the API."""
    found: list[dict[str, Any]] = []
    following: str | None = path
    while following is not None:
        page = client.get(following).raise_for_status().json()
        found += page["items"]
        following = page["next"]
    return found


def a_lead_that_went_back_and_to_sales(client: httpx.Client) -> str:
    """The lead with the longest way to sales."""
    tasks = pages(client, "/api/handoffs?limit=200")
    timelines: dict[str, list[dict[str, Any]]] = {
        task["lead"]: pages(client, f"/api/leads/{task['lead']}/timeline?limit=200") for task in tasks
    }
    back = [lead for lead, lines in timelines.items() if any((line["visit"] or 0) > 1 for line in lines)]
    found: str = max(back, key=lambda lead: len(timelines[lead]))
    return found


def two_that_are_blocked(client: httpx.Client, home: str) -> str:
    """Let two leads lack what their mail needs: the id of one of them, once it is blocked."""
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SCENARIOS, folder, dirs_exist_ok=True)
        template = Path(folder) / "templates" / "newsletter_01.ja.md"
        text = template.read_text(encoding="utf-8").replace(' | default("ご担当者", true)', "")
        template.write_text(text, encoding="utf-8")
        command = [sys.executable, "-m", "cli.main", "deploy", folder]
        subprocess.run(command, check=True, env={**os.environ, "NURTURE_HOME": home}, cwd=SCENARIOS.parent)
    consent = {"topics": ["newsletter", "seminars"], "basis": "opt_in", "source": "form/seminar"}
    names = ["lead_nameless_1", "lead_nameless_2"]
    for name in names:
        client.post("/api/leads", json={"id": name, "email": f"{name}@example.jp", "consent": consent})
    client.post("/api/enrollments", json={"scenario": "seminar_to_demo", "leads": names}).raise_for_status()
    while not {each["id"] for each in pages(client, "/api/leads?status=blocked&limit=200")} >= set(names):
        time.sleep(0.5)
    return names[0]


def shoot(page: Page, url: str, name: str) -> None:
    """One picture."""
    page.goto(url, wait_until="load")  # the Temporal UI never stops asking
    picture(page, name)


def picture(page: Page, name: str) -> None:
    """One picture of what the page shows, once it has drawn it."""
    page.wait_for_timeout(3000)
    page.screenshot(path=str(IMAGES / f"{name}.png"))
    sys.stdout.write(f"{name}.png\n")


def main(home: str, chromium: str) -> None:
    """All pictures."""
    IMAGES.mkdir(exist_ok=True)
    settings = read_settings()
    key = (Path(home) / "api_key").read_text().strip()
    with httpx.Client(base_url=settings.web_url, headers={"Authorization": f"Bearer {key}"}, trust_env=False) as client:
        lead = a_lead_that_went_back_and_to_sales(client)
        waiting = max(pages(client, "/api/leads?status=waiting&limit=200"), key=lambda lead: lead["deadline"])["id"]
        blocked = two_that_are_blocked(client, home)
    sys.stdout.write(f"{lead}\n")
    with sync_playwright() as play, tempfile.TemporaryDirectory() as data:
        browser = play.chromium.launch_persistent_context(
            data, executable_path=chromium, headless=True, args=FLAGS, viewport={"width": 1440, "height": 900}
        )
        page = browser.pages[0]
        ui = f"{settings.temporal_ui}/namespaces/default/workflows"
        shoot(page, ui, "temporal-leads")
        page.set_viewport_size({"width": 1440, "height": 1900})
        page.goto(f"{ui}/lead%2F{lead}", wait_until="load")
        page.click("text=Descending")
        page.click("text=Compact")
        picture(page, "temporal-lead")
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(f"{ui}/lead%2F{waiting}", wait_until="load")
        page.click("text=User Metadata")
        picture(page, "temporal-details")
        time.sleep(3)  # visibility follows
        shoot(page, f"{ui}?query={quote(BLOCKED)}", "temporal-blocked")
        page.goto(f"{ui}/lead%2F{blocked}", wait_until="load")
        page.click("button:has-text('More Actions') >> visible=true")
        page.click("text=Send an Update >> visible=true")
        form = page.locator("dialog[open]")
        form.locator("[role=button], button").filter(has=page.locator("#update-select")).click()
        page.click("[role=option]:has-text('retry') >> visible=true")
        form.locator("[role=textbox]").fill('{"reason": "the name is known now"}')
        picture(page, "temporal-update")
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
