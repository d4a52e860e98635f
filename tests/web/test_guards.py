"""Who may ask what: keys, roles, sessions, cross-site posts and headers."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import httpx
import pytest
from fastapi.routing import iter_route_contexts
from sqlalchemy import select

from adapters.database import api_keys
from adapters.database.engine import reading, writing
from adapters.database.schema import keys
from nurture.errors import NurtureError, UnknownName
from nurture.roles import RIGHTS
from tests.web.process import KEY, Process
from web.security import make_login_token

PUBLIC = {
    "/webhooks/sendgrid", "/u/{token}", "/c/{token}", "/health/live", "/health/ready", "/metrics", "/login", "/logout",
    "/", "/sink/v3/mail/send", "/sink/v3/messages", "/sink/v3/recipients/erasejob",
    "/forms/{form}", "/forms/{form}/thanks", "/thanks", "/mail/hidden", "/s.js", "/v",
    "/first", "/invitation", "/language", "/static/{name}",
}  # fmt: skip


def routes_of(process: Process) -> list[tuple[str, str]]:
    """Path and method of every route of the app."""
    contexts = iter_route_contexts(process.app.routes)
    return [(each.path, method) for each in contexts if each.path for method in sorted(each.methods or ())]


def test_every_route_but_the_public_ones_is_guarded(process: Process) -> None:
    """A new route is closed until somebody lists it here."""
    assert {path for path, _ in routes_of(process)} > PUBLIC


@pytest.mark.parametrize("key", [None, "", "wrong", KEY + "x", KEY[:-1]])
async def test_without_a_good_key_nothing_is_answered(process: Process, key: str | None) -> None:
    """Each guarded route is 401 and says how to show a key; nothing is told of what is behind it."""
    client = process.anybody(key)
    for path, method in routes_of(process):
        if path in PUBLIC:
            continue
        answer = await client.request(method, re.sub(r"\{[^}]*\}", "x", path))
        assert answer.status_code == 401, (method, path, answer.text)
        assert answer.headers["www-authenticate"] == "Bearer"
        assert answer.json()["do"]


def made(process: Process, name: str, role: str) -> str:
    """A new key."""
    with writing(process.engine) as connection:
        return api_keys.add(connection, name, role, datetime.now(UTC))


ASKED = {
    "read": ("GET", "/api/leads", 200),
    "write": ("POST", "/api/leads", 201),
    "sales": ("POST", "/api/handoffs/none/accept", 404),
    "events": ("POST", "/events", 422),
    "disturb": ("DELETE", "/api/sink/faults", 200),
    "audit": ("GET", "/api/audit", 200),
    "people": ("GET", "/users", 200),
    "agree": ("POST", "/api/agreements/9/confirm", 404),
}
"""For each right a request, and what it is answered where the right is there."""
BODIES = {"sales": {"rep": "rep_1"}, "agree": {"name": "x"}}


@pytest.mark.parametrize("role", RIGHTS)
async def test_a_key_may_do_exactly_what_its_role_allows(process: Process, role: str) -> None:
    """Everything else is 403 and says which roles may."""
    client = process.anybody(made(process, "mine", role))
    for right, (method, path, status) in ASKED.items():
        answer = await client.request(method, path, json=BODIES.get(right, {"id": "l1"}))
        if right in RIGHTS[role]:
            assert answer.status_code == status, (right, answer.text)
        else:
            assert answer.status_code == 403, right
            assert "admin" in answer.json()["do"]


async def test_a_removed_key_is_not_good_any_more(process: Process) -> None:
    """From the next request on; the others stay."""
    first, second = made(process, "site", "intake"), made(process, "shop", "intake")
    with writing(process.engine) as connection:
        api_keys.remove(connection, "site")
    assert (await process.anybody(first).post("/events", json={"events": []})).status_code == 401
    assert (await process.anybody(second).post("/events", json={"events": []})).status_code == 422


def test_only_the_hash_of_a_key_is_kept(process: Process) -> None:
    """A copy of the database lets nobody in; nor can a key take the place of another, or of a secret."""
    key = made(process, "session", "admin")
    with reading(process.engine) as connection:
        stored = [value for row in connection.execute(select(keys)) for value in row]
    assert not [value for value in stored if isinstance(value, str) and key in value]
    for name in ("session", "", "a/b", "名前", "x" * 51):
        with pytest.raises(NurtureError):
            made(process, name, "admin")
    with pytest.raises(UnknownName), writing(process.engine) as connection:
        api_keys.remove(connection, "sessoin")


def test_an_administrator_may_do_everything() -> None:
    """No right is without a role that has it."""
    assert RIGHTS["admin"] == frozenset().union(*RIGHTS.values())


async def logged_in(process: Process) -> tuple[httpx.AsyncClient, str]:
    """A browser with a session, and its CSRF token."""
    browser = process.anybody()
    page = await browser.get("/login?next=/inbox")
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    answer = await browser.post("/login", data={"csrf_token": token, "key": KEY, "next": "/inbox"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    start = await browser.get("/")
    return browser, re.findall(r'name="csrf_token" value="([^"]+)"', start.text)[0]


async def test_a_browser_logs_in_with_the_key(process: Process) -> None:
    """The session opens pages and API; its cookie is out of reach of scripts and other sites."""
    browser, _ = await logged_in(process)
    assert (await browser.get("/api/leads")).status_code == 200
    assert (await browser.get("/inbox")).status_code == 200
    assert "API" in (await browser.get("/api/docs")).text
    answer = await process.anybody().get("/login")
    assert {"httponly", "samesite=lax"} <= {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}


async def test_a_session_cannot_be_used_by_another_site(process: Process) -> None:
    """A post without the token of the session is 403; with it, it is good, as header or as form field."""
    browser, token = await logged_in(process)
    assert (await browser.post("/api/leads", json={"id": "l1"})).status_code == 403
    assert (await browser.post("/api/leads", json={"id": "l1"}, headers={"X-CSRF-Token": "guess"})).status_code == 403
    assert (await browser.post("/api/leads", json={"id": "l1"}, headers={"X-CSRF-Token": token})).status_code == 201
    assert (await browser.post("/logout", data={"csrf_token": "guess"})).status_code == 403
    assert (await browser.post("/logout", data={"csrf_token": token})).status_code == 303
    assert (await browser.get("/api/leads")).status_code == 401


async def test_a_wrong_key_does_not_log_in(process: Process) -> None:
    """401 and the page again; without the page's token not even that."""
    browser = process.anybody()
    page = await browser.get("/login")
    token = re.findall(r'name="csrf_token" value="([^"]+)"', page.text)[0]
    assert (await browser.post("/login", data={"csrf_token": token, "key": "wrong"})).status_code == 401
    assert (await process.anybody().post("/login", data={"key": KEY})).status_code == 403


async def test_a_login_link_works_once(process: Process) -> None:
    """It opens a session and is used up: the same browser goes on in, a second person gets the login page."""
    token = make_login_token(process.engine)
    browser = process.anybody()
    for _ in range(2):
        answer = await browser.get(f"/login?token={token}&next=/inbox")
        assert (answer.status_code, answer.headers["location"]) == (303, "/inbox")
    assert (await process.anybody().get(f"/login?token={token}")).status_code == 401


@pytest.mark.parametrize("target", ["https://evil.example.com", "//evil.example.com", "/\\evil.example.com", "inbox"])
async def test_a_login_leads_nowhere_else(process: Process, target: str) -> None:
    """After logging in one stays on this site."""
    answer = await process.anybody().get("/login", params={"token": make_login_token(process.engine), "next": target})
    assert answer.headers["location"] == "/"


async def test_a_browser_without_a_session_is_led_to_the_login(process: Process) -> None:
    """Pages redirect and remember where one wanted to go; the API answers 401."""
    browser = process.anybody()
    for path, wanted in (("/", "/login"), ("/inbox?to=a", "/login?next=%2Finbox%3Fto%3Da")):
        answer = await browser.get(path, headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, wanted)


async def test_every_answer_carries_the_security_headers(process: Process) -> None:
    """Pages, problems and probes alike."""
    for path in ("/login", "/api/leads", "/nowhere", "/health/live"):
        headers = (await process.anybody().get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"


async def test_no_cache_keeps_what_is_not_for_all(process: Process) -> None:
    """Every route, a new one too, whoever asks; but for those who say themselves how long."""
    kept = {}
    process.app.state.live.end()  # else its stream goes on for as long as somebody listens
    for path, method in routes_of(process):
        if method == "GET":
            answer = await process.client.get(re.sub(r"\{[^}]*\}", "x", path))
            kept[path] = answer.headers.get("cache-control")
    assert len(kept) > 30
    assert "max-age" in (kept.pop("/s.js") or "")
    assert kept.pop("/mail/hidden") is None
    assert {path for path, said in kept.items() if said != "no-store"} == set()
    found = {path: (await process.anybody().get(path)).headers["cache-control"] for path in ("/inbox", "/nowhere")}
    assert set(found.values()) == {"no-store"}


async def test_unknown_paths_and_methods_are_problems(client: httpx.AsyncClient) -> None:
    """404 and 405 with what, where and do."""
    for answer, status in ((await client.get("/nowhere"), 404), (await client.delete("/api/leads"), 405)):
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert {"what", "where", "do"} <= set(answer.json())
