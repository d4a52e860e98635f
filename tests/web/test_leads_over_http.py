"""Leads over HTTP: creating, changing, listing, and where they stand."""

from __future__ import annotations

import httpx
import pytest

from tests.web.process import Process

LEAD = {"id": "l1", "email": "L1@Example.co.jp ", "name": "見本 一郎", "attributes": {"employees": 30}}


async def test_a_new_lead_is_created_and_shown(client: httpx.AsyncClient) -> None:
    """201 with the lead as it is kept: address normalised, idle, its profile applied."""
    answer = await client.post("/api/leads", json=LEAD)
    assert answer.status_code == 201
    lead = answer.json()
    assert (lead["id"], lead["email"], lead["status"]) == ("l1", "l1@example.co.jp", "idle")
    assert lead["attributes"] == {"employees": 30}
    assert lead["seq"] == lead["stored_seq"] == 1
    assert {lead[name] for name in ("scenario", "step", "visit", "waiting_for", "deadline")} == {None}
    assert (await client.get("/api/leads/l1")).json() == lead


async def test_an_upsert_keeps_what_is_absent_and_clears_what_is_null(client: httpx.AsyncClient) -> None:
    """200; the absent name stays, the null attribute goes."""
    await client.post("/api/leads", json=LEAD)
    answer = await client.post("/api/leads", json={"id": "l1", "attributes": {"employees": None, "region": "関東"}})
    assert answer.status_code == 200
    assert answer.json()["name"] == "見本 一郎"
    assert answer.json()["attributes"] == {"region": "関東"}


async def test_a_wrong_attribute_says_what_where_and_what_to_do(client: httpx.AsyncClient) -> None:
    """422 as problem+json, with a near name, and nothing is kept."""
    answer = await client.post("/api/leads", json={"id": "l1", "attributes": {"employes": 30}})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert "employes" in problem["what"]
    assert "employees" in problem["do"]
    assert problem["where"]
    assert (await client.get("/api/leads/l1")).status_code == 404


async def test_a_body_of_the_wrong_shape_names_the_field(client: httpx.AsyncClient) -> None:
    """422 with the place of every mistake."""
    answer = await client.post("/api/leads", json={"id": "with blank", "emial": "x"})
    assert answer.status_code == 422
    assert [each["where"] for each in answer.json()["problems"]] == ["body.id", "body.emial"]


async def test_a_body_that_is_no_json_is_a_problem(client: httpx.AsyncClient) -> None:
    """422, not a fault of the server."""
    answer = await client.post("/api/leads", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["what"]


async def test_lists_are_walked_by_their_next_page(client: httpx.AsyncClient) -> None:
    """`next` is a relative URL that keeps the filters; every lead comes exactly once; the last page has none."""
    for number in range(5):
        await client.post("/api/leads", json={"id": f"l{number}"})
    await client.post("/api/leads", json={"id": "m0"})
    seen, url = [], "/api/leads?q=l&limit=2"
    while url is not None:
        page = (await client.get(url)).json()
        assert len(page["items"]) <= 2
        seen += [lead["id"] for lead in page["items"]]
        url = page["next"]
        assert url is None or (url.startswith("/api/leads?") and "q=l" in url)
    assert seen == ["l0", "l1", "l2", "l3", "l4"]


async def test_a_cursor_of_ones_own_making_is_refused(client: httpx.AsyncClient) -> None:
    """422 and what to do."""
    answer = await client.get("/api/handoffs?cursor=%FF%FE")
    assert answer.status_code == 422
    assert "next" in answer.json()["do"]


async def test_an_unknown_lead_is_404(client: httpx.AsyncClient) -> None:
    """For the lead and for its timeline, with what to do."""
    for path in ("/api/leads/nobody", "/api/leads/nobody/timeline"):
        answer = await client.get(path)
        assert answer.status_code == 404
        assert "nobody" in answer.json()["what"]
        assert answer.json()["do"]


async def test_waiting_ends_when_its_time_is_over(client: httpx.AsyncClient) -> None:
    """Nobody applies entries here: the answer comes all the same, with the numbers as they are."""
    await client.post("/api/leads", json=LEAD)
    await client.post("/api/enrollments", json={"scenario": "seminar_to_demo", "leads": ["l1"]})
    lead = (await client.get("/api/leads/l1?wait=0.2")).json()
    assert (lead["seq"], lead["stored_seq"]) == (0, 2)


async def test_a_lead_that_newly_fits_a_segment_enters_its_scenario(process: Process) -> None:
    """The upsert alone stores the enrolment for its workflow."""
    await process.client.post("/api/leads", json=LEAD)
    fitting = {"id": "l1", "attributes": {"employees": 80, "industry": "telecom"}}
    assert (await process.client.post("/api/leads", json=fitting)).json()["stored_seq"] == 3


async def test_two_leads_become_one(client: httpx.AsyncClient) -> None:
    """A plan changes nothing; afterwards the old id answers with the lead that goes on."""
    for name in ("l1", "l2"):
        await client.post("/api/leads", json={"id": name, "email": f"{name}@example.co.jp"})
    planned = await client.post("/api/leads/l1/merge", json={"lead": "l2", "plan": True})
    assert (planned.status_code, planned.json()["addresses"]) == (200, ["l2@example.co.jp"])
    assert (await client.get("/api/leads/l2")).json()["id"] == "l2"
    done = await client.post("/api/leads/l1/merge", json={"lead": "l2"})
    assert done.json() == planned.json()
    found = (await client.get("/api/leads/l2?wait=0.1")).json()
    assert (found["id"], found["emails"]) == ("l1", ["l1@example.co.jp", "l2@example.co.jp"])
    told = (await client.get("/api/leads/l2/timeline")).json()["items"]
    assert [line["what"] for line in told] == ["merged"]
    assert (await client.get("/api/leads/l2/score")).status_code == 200
    assert (await client.post("/api/leads/l1/merge", json={"lead": "l2"})).json()["again"] is True


@pytest.mark.parametrize(
    ("keep", "body", "status"),
    [
        ("nobody", {"lead": "l1"}, 404),
        ("l1", {"lead": "nobody"}, 404),
        ("l1", {"lead": "l1"}, 422),
        ("l1", {}, 422),
        ("l1", {"lead": "l2", "more": 1}, 422),
    ],
)
async def test_a_merge_that_cannot_be_says_why(
    client: httpx.AsyncClient, keep: str, body: dict[str, object], status: int
) -> None:
    """With what to do; nothing is changed."""
    await client.post("/api/leads", json={"id": "l1"})
    answer = await client.post(f"/api/leads/{keep}/merge", json=body)
    assert answer.status_code == status
    assert answer.json()["do"]
