"""Enrolling over HTTP: by lead, by segment, and what is refused."""

from __future__ import annotations

import httpx


async def test_leads_are_enrolled_or_refused_one_by_one(client: httpx.AsyncClient) -> None:
    """202 with what became of each; an unknown lead costs no other."""
    await client.post("/api/leads", json={"id": "l1"})
    body = {"scenario": "seminar_to_demo", "leads": ["l1", "nobody"]}
    answer = await client.post("/api/enrollments", json=body)
    assert answer.status_code == 202
    assert answer.json() == {
        "enrolled": ["l1"],
        "queued": [],
        "refused": [{"lead": "nobody", "reason": "unknown_lead"}],
    }
    again = (await client.post("/api/enrollments", json=body)).json()
    assert again["refused"][0] == {"lead": "l1", "reason": "already_in"}
    lines = (await client.get("/api/leads/l1/timeline")).json()["items"]
    assert [(line["kind"], line["reason"]) for line in lines] == [("decision", "already_in")]


async def test_a_segment_enrols_those_who_fit_it(client: httpx.AsyncClient) -> None:
    """Judged by the attributes as they are now; they are in already, since fitting entered them."""
    await client.post("/api/leads", json={"id": "out", "attributes": {"employees": 10}})
    await client.post("/api/leads", json={"id": "in", "attributes": {"employees": 80, "industry": "telecom"}})
    body = {"scenario": "seminar_to_demo", "segment": "midsize_infrastructure"}
    answer = await client.post("/api/enrollments", json=body)
    assert answer.status_code == 202
    assert answer.json() == {"enrolled": [], "queued": [], "refused": [{"lead": "in", "reason": "already_in"}]}


async def test_an_unknown_scenario_or_segment_is_404_with_near_names(client: httpx.AsyncClient) -> None:
    """Both in words and as data."""
    for body in (
        {"scenario": "seminar_to_dem", "leads": []},
        {"scenario": "seminar_to_demo", "segment": "midsize_infrastructur"},
    ):
        answer = await client.post("/api/enrollments", json=body)
        assert answer.status_code == 404
        assert answer.json()["near"] in (["seminar_to_demo"], ["midsize_infrastructure"])


async def test_a_wish_names_leads_or_a_segment(client: httpx.AsyncClient) -> None:
    """Neither or both is 422."""
    for body in ({"scenario": "s"}, {"scenario": "s", "leads": [], "segment": "x"}):
        assert (await client.post("/api/enrollments", json=body)).status_code == 422
