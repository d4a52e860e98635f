"""The demo's desk: its reps have time, and the audience leaves the tasks of the person who tries it alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore, deploy
from adapters.database.engine import migrate, open_database, writing
from adapters.scenario_folder import check_texts, read_folder
from adapters.settings import read_settings
from cli.audience import Stage, eager_leads, sample_leads
from cli.demo_desk import ACCEPT_WITHIN, YOURS, colleague, with_time, your_rep
from cli.welcoming import TRY, demo_words
from nurture.audience import read_audience
from nurture.yaml_text import read_yaml
from tests.cli.conftest import SAMPLES, Nurture


def test_reps_of_the_demo_have_time() -> None:
    """As the folder says in all else; it is sound, the same each time, and says why it differs."""
    files = read_folder(SAMPLES)
    longer = with_time(files)
    assert longer == with_time(files)
    assert {name for name in files if files[name] != longer[name]} == {"sales.yaml"}
    loaded, before = check_texts(longer), check_texts(files)
    assert loaded.problems == before.problems
    assert loaded.definitions.sales is not None
    assert before.definitions.sales is not None
    assert {str(each.accept_within) for each in loaded.definitions.sales.queues.values()} == {ACCEPT_WITHIN}
    assert loaded.definitions.sales.reps == before.definitions.sales.reps
    assert longer["sales.yaml"].startswith("# デモ")
    assert with_time({"a.yaml": "a: 1"}) == {"a.yaml": "a: 1"}
    assert with_time({"sales.yaml": "queues: 5"}) == {"sales.yaml": "queues: 5"}


def test_three_links_come_with_what_to_try() -> None:
    """In Japanese and English, each address on a line of its own, to be copied."""
    lines = demo_words({f"as {role}": f"http://127.0.0.1/login?token={role}  (good once)" for role in TRY})
    assert [line.strip() for line in lines if "token=" in line] == [f"http://127.0.0.1/login?token={r}" for r in TRY]
    for ja, en in TRY.values():
        assert [line.strip() for line in lines if line.strip() in (ja, en)] == [ja, en]


async def test_the_audience_leaves_your_tasks_alone(nurture: Nurture, tmp_path: Path) -> None:
    """It sees to those of the colleague, and of nobody; the first leads ask for a talk on the day they come."""
    assert nurture("keys", "list").code == 0
    engine = open_database(read_settings().database_url)
    migrate(engine)
    with writing(engine) as conn:
        now = datetime.now(UTC)
        deploy(conn, read_folder(SAMPLES), [], by="tests", now=now, real_now=now)
    store = DeploymentStore(engine)
    definitions = store.current()
    asked: list[str] = []
    tasks = [{"id": f"task_{rep}", "rep": rep} for rep in ("rep_1", "rep_2", None)]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        items: list[Any] = tasks if request.url.path == "/api/handoffs" else []
        return httpx.Response(200, json={"items": items, "next": None})

    audience = read_audience(read_yaml((SAMPLES / "audience.yaml").read_text("utf-8"), file="audience.yaml").data)
    rows = sample_leads(SAMPLES / "leads.csv", definitions)
    eager = eager_leads(rows, definitions, 8)
    assert len(eager) == 8
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer), base_url="http://nurture.example.jp") as client:
        stage = Stage(
            client, Clock(engine), store, audience, file=tmp_path / "plans.json", seed=1,
            yours=your_rep(definitions), colleague=colleague(definitions),
        )  # fmt: skip
        stage.open(rows, eager)
        await stage._look()
        stage.save()
    plans = json.loads((tmp_path / "plans.json").read_text("utf-8"))
    seen_to = {(given["task"], given["rep"]) for _, verb, given in plans["deeds"] if verb == "accept"}
    assert seen_to == {("task_rep_2", "rep_2"), ("task_None", "rep_2")}
    assert YOURS == "rep_1"
    wanted = {given["lead"]: at for at, _, given in plans["deeds"] if str(given.get("id")).endswith("/eager/requested")}
    assert set(wanted) == eager
    assert max(datetime.fromisoformat(at) for at in wanted.values()) < datetime.now(UTC) + timedelta(days=3)
    assert len([1 for _, verb, _ in plans["deeds"] if verb == "enter"]) == len(rows)
    engine.dispose()
