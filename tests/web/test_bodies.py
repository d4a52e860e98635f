"""What no database keeps is refused before it comes to one: the same answer on SQLite and PostgreSQL."""

from __future__ import annotations

import httpx
import pytest

from adapters.database.pages import cursor_after

NUL, HALF = "a\\u0000b", "a\\ud800b"
LEAD = '{"id": "l1", "email": "l1@example.co.jp", %s}'


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(("POST", "/api/leads", LEAD % f'"name": "{text}"') for text in (NUL, HALF)),
        *(("POST", "/api/leads", LEAD % f'"attributes": {{"company": "{text}"}}') for text in (NUL, HALF)),
        ("POST", "/api/leads", LEAD % '"attributes": {"employees": NaN}'),
        ("POST", "/api/leads", LEAD % '"attributes": {"employees": 1e999}'),
        ("POST", "/api/leads", LEAD % f'"attributes": {{"{NUL}": 1}}'),
        ("POST", "/api/leads", LEAD % ('"attributes": {"values": ' + "[" * 40 + "]" * 40 + "}")),
        ("POST", "/api/leads", LEAD % f'"{HALF}": 1'),
        (
            "POST",
            "/api/leads",
            LEAD % '"consent": {"topics": ["newsletter"], "basis": "opt_in", "at": "9999-12-31T23:59:59-23:59"}',
        ),
        ("POST", "/api/enrollments", f'{{"scenario": "seminar_to_demo", "leads": ["{NUL}"]}}'),
        ("POST", "/api/handoffs/x/accept", f'{{"rep": "{HALF}"}}'),
        ("POST", "/api/handoffs/x/close", f'{{"rep": "rep_1", "outcome": "won", "reason": "{NUL}"}}'),
        ("POST", "/api/inbox/x/click", f'{{"url": "{NUL}"}}'),
        ("GET", "/api/inbox?since=9999-12-31T23:59:59-23:59", ""),
        ("GET", "/api/leads?q=%00", ""),
        ("GET", f"/api/leads?cursor={cursor_after(chr(0))}", ""),
        ("GET", f"/api/events?cursor={cursor_after('9' * 30)}", ""),
    ],
)
async def test_what_cannot_be_kept_is_422(client: httpx.AsyncClient, method: str, path: str, body: str) -> None:
    """NUL, half characters, numbers that are none, times beyond the calendar; nothing is stored."""
    headers = {"Content-Type": "application/json"}
    answer = await client.request(method, path, content=body.encode(), headers=headers)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"what", "where", "do"} <= set(answer.json())
    assert (await client.get("/api/leads")).json()["items"] == []


@pytest.mark.parametrize("path", ["/api/leads", "/api/enrollments", "/api/handoffs/x/accept"])
@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
async def test_json_that_is_not_sent_as_json_says_what_to_send(
    client: httpx.AsyncClient, path: str, kind: str | None
) -> None:
    """As curl does it without the header: 415 with the header that is missing."""
    headers = {"Content-Type": kind} if kind else {}
    answer = await client.post(path, content=b'{"id": "l1"}', headers=headers)
    assert (answer.status_code, answer.json()["where"]) == (415, "header Content-Type")
    assert answer.json()["do"] == "send the header `Content-Type: application/json`"


@pytest.mark.parametrize(
    ("body", "status", "what"),
    [
        (b"", 422, "the body is empty"),
        (b"[]", 422, "the body is not an object"),
        (b'{"id": "l1"', 422, "the body is not JSON: Expecting ',' delimiter (character 11)"),
        ('{"id": "名"}'.encode("cp932"), 400, "the body cannot be read as JSON in UTF-8"),
    ],
)
async def test_a_body_that_cannot_be_looked_into_is_told_as_a_whole(
    client: httpx.AsyncClient, body: bytes, status: int, what: str
) -> None:
    """With what to do about it."""
    answer = await client.post("/api/leads", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["what"]) == (status, what)
    assert answer.json()["do"]


@pytest.mark.parametrize("path", ["/api/leads/a%00b", "/api/leads/a%00b/timeline", "/forms/a%00b", "/u/%00", "/c/%00"])
async def test_an_address_with_a_nul_leads_nowhere(client: httpx.AsyncClient, path: str) -> None:
    """404, before any database is asked."""
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_every_answer_that_the_api_gives_is_described(client: httpx.AsyncClient) -> None:
    """Each route names its problems as problem+json, and those that want a key say so."""
    schema = (await client.get("/api/openapi.json")).json()
    assert "HTTPValidationError" not in str(schema)
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            guarded = path.startswith("/api/") or path == "/events"
            assert ("security" in operation) == guarded, (method, path)
            assert ({"401", "403", "429"} <= set(operation["responses"])) == guarded, (method, path)
            for status, answer in operation["responses"].items():
                if status >= "400" and path != "/health/ready":
                    assert "application/problem+json" in answer["content"], (method, path, status)
