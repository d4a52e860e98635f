"""The report of hot leads over HTTP."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest

from adapters.database.engine import writing
from tests.past_tasks import fill
from tests.web.process import Process
from web import reports

REPORT = "/api/report/hot"


async def test_hot_leads_are_reported_on(process: Process) -> None:
    """Every question, as data and as a table; `by` shows results by one thing."""
    with writing(process.engine) as connection:
        fill(connection, 24, datetime.now(UTC))
    found = (await process.client.get(REPORT, params={"since": "90d"})).json()
    assert list(found)[4:] == ["paths", "timing", "results", "quality", "number", "thresholds", "shortfall"]
    assert (found["leads"], found["results"]["all"]["tasks"]) == (24, 24)
    assert [each["by"] for each in found["results"]["by"]] == ["scenario", "segment", "rule", "rep", "month"]
    answer = await process.client.get(f"{REPORT}.csv", params={"by": "rep"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [(row["by"], row["tasks"]) for row in rows] == [("all", "24"), ("rep", "12"), ("rep", "12")]


async def test_without_tasks_it_is_an_answer(client: httpx.AsyncClient) -> None:
    """Nothing was handed over yet."""
    found = (await client.get(REPORT)).json()
    assert (found["pace"]["state"], found["leads"]) == ("no_tasks", 0)


@pytest.mark.parametrize("asked", [{"since": "soon"}, {"since": "5bd"}, {"since": "0d"}, {"by": "colour"}])
async def test_what_cannot_be_asked_is_a_problem(client: httpx.AsyncClient, asked: dict[str, str]) -> None:
    """422 with what, where and what to do."""
    for path in (REPORT, f"{REPORT}.csv"):
        answer = await client.get(path, params=asked)
        assert (answer.status_code, bool(answer.json()["do"])) == (422, True)


async def test_strangers_and_too_many_leads_are_refused(process: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """401 without a key; 409 and the command that takes any number."""
    assert (await process.anybody().get(f"{REPORT}.csv")).status_code == 401
    monkeypatch.setattr(reports, "MOST", 1)
    for name in ("l1", "l2"):
        await process.client.post("/api/leads", json={"id": name})
    answer = await process.client.get(REPORT)
    assert (answer.status_code, "nurture report" in answer.json()["do"]) == (409, True)
