"""Whatever is sent, no answer is a 5xx, and every answer is one that the OpenAPI describes."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from pydantic import SecretStr
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from adapters.database.engine import writing
from adapters.database.leads import LeadUpsert, upsert
from adapters.database.schema import handoffs
from adapters.mail.outbox import Signer
from adapters.mail.tokens import Confirmation, ConfirmationTokens, Subscription, UnsubscribeTokens
from adapters.settings import Settings
from tests.web.process import HOST, KEY, Process, client_of
from web.app import make_app

HELD = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
TASK = "l1/seminar_to_demo/1/to_sales/1"
BOUNDED = settings(
    max_examples=20,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.generate],
)
OFTEN = "1000000/second"


@pytest.fixture
def open_door(process: Process, tmp_path: Path) -> Iterator[Process]:
    """A web process that counts nobody, over a database with a lead and a task, beside something that listens."""
    with socket.create_server(("127.0.0.1", 0)) as temporal:
        given = Settings(
            home=tmp_path, api_key=SecretStr(KEY), temporal_port=temporal.getsockname()[1], public_url=HOST,
            rate_key=OFTEN, rate_public=OFTEN, rate_posts=OFTEN,
        )  # fmt: skip
        app = make_app(given, process.engine, store=process.store, clock=process.clock)
        made = Process(app, process.engine, process.store, process.clock, client_of(app, KEY))
        fill(made)
        yield made


def fill(process: Process) -> None:
    """A lead, and a task of sales about it."""
    with writing(process.engine) as connection:
        lead = LeadUpsert(id="l1", email="l1@example.com")
        upsert(connection, lead, store=process.store, now=datetime.now(UTC))
        connection.execute(
            handoffs.insert().values(
                id=TASK, lead="l1", queue="inside_sales", reasons=[], state="open", made_at=datetime.now(UTC)
            )
        )


KNOWN = {"lead": ["l1"], "handoff": [TASK], "form": ["seminar", "whitepaper", "demo"]}
"""What a path may name so that there is something behind it."""


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=lambda mode: str(mode.value))
def test_no_request_fails_and_every_answer_is_described(open_door: Process, mode: GenerationMode) -> None:
    """All routes of the OpenAPI, with what it allows and what it forbids; with the key, and now and then without."""
    schema = schemathesis.openapi.from_dict(open_door.app.openapi())
    schema.app = open_door.app
    failed: list[str] = []
    asked: dict[str, int] = {}
    for result in schema.get_all_operations():
        assert isinstance(result, Ok), "the OpenAPI is sound"
        operation = result.ok()
        takes = operation.path_parameters or operation.query or operation.body
        if mode is GenerationMode.NEGATIVE and not takes:
            continue  # there is nothing to get wrong

        @seed(20261127)
        @BOUNDED
        @given(case=operation.as_strategy(generation_mode=mode), known=st.data())
        def ask(case: Case[Any], known: st.DataObject) -> None:
            for name, values in KNOWN.items():
                if name in (case.path_parameters or {}) and known.draw(st.booleans()):
                    case.path_parameters[name] = known.draw(st.sampled_from(values))
            asked[case.operation.label] = asked.get(case.operation.label, 0) + 1
            headers = {} if known.draw(st.integers(0, 9)) == 0 else {"Authorization": f"Bearer {KEY}"}
            case.validate_response(case.call(headers=headers), checks=HELD)

        try:
            ask()
        except FailureGroup as group:
            failed += [f"{operation.label}: {each}" for each in group.exceptions]
    assert failed == []
    assert len(asked) > 20
    assert sum(asked.values()) > 300


NASTY = [
    "a\0b", "a\ud800", {"a\0b": 1}, ["\0"], 10**400, -(2**63) - 1, 2**31, [[[[[]]]]], "x" * 5000, {"": {}}, True,
    1e308, float("nan"), float("inf"), "９", "9999-12-31T23:59:59-23:59",
]  # fmt: skip
"""Values that a generator hardly comes upon."""
BODIES: dict[str, dict[str, Any]] = {
    "/api/leads": {
        "id": "l2", "email": "l2@example.com", "name": "n", "language": "ja", "time_zone": "Asia/Tokyo",
        "attributes": {}, "consent": {"topics": ["newsletter"], "basis": "opt_in"},
    },
    "/api/enrollments": {"scenario": "seminar_to_demo", "leads": ["l1"]},
    f"/api/handoffs/{TASK}/accept": {"rep": "rep_1"},
    f"/api/handoffs/{TASK}/return": {"rep": "rep_1", "reason": "early"},
    f"/api/handoffs/{TASK}/close": {"rep": "rep_1", "outcome": "won", "amount": 1, "reason": "r"},
    "/forms/seminar": {"id": "1", "email": "l3@example.com", "name": "n", "company": "c"},
    "/forms/whitepaper": {"email": "l4@example.com", "company": "c"},
    "/api/inbox/x/click": {"url": "https://www.example.com/"},
}  # fmt: skip
"""A good body of each route that keeps what it says."""


@pytest.mark.parametrize("path", BODIES)
async def test_no_value_of_a_good_body_makes_it_fail(open_door: Process, path: str) -> None:
    """Each key, and each attribute and part of a consent, with values that some database or library cannot take."""
    good = BODIES[path]
    bad = [{**good, key: value} for key in good for value in NASTY]
    for nested in ("attributes", "consent"):
        inside = {"company": "c", "employees": 1, **good[nested]} if nested in good else {}
        bad += [{**good, nested: {**inside, key: value}} for key in inside for value in NASTY]
    for body in bad:
        content = json.dumps(body).encode()
        answer = await open_door.client.post(path, content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code < 500, (path, body, answer.text)


def pages(process: Process) -> list[str]:
    """The routes that people and mail programs come to, with links of ours among them."""
    until = datetime.now(UTC)
    return [
        "/", "/login", "/logout", "/thanks", "/forms/seminar", "/forms/whitepaper", "/forms/seminar/thanks", "/inbox",
        "/inbox/x", "/inbox/x/reply", "/mail/hidden", "/api/docs", "/api/openapi.json", "/sink/v3/mail/send",
        "/sink/v3/messages", "/webhooks/sendgrid", "/u/x", "/c/x",
        UnsubscribeTokens.of(process.engine).url("", Subscription("l1", "newsletter", "l1/s/1/a/1")),
        ConfirmationTokens.of(process.engine).url("", Confirmation(7, until)),
    ]  # fmt: skip


WORDS = st.text(max_size=40) | st.sampled_from(["\0", "a@example.com", "%00", "9" * 400, "😀", "../..", "true", "NaN"])
NAMES = (
    "email", "name", "company", "key", "csrf_token", "next", "token", "_token", "_wording", "lang", "to", "query",
    "since", "cursor", "limit", "parked", "wait", "id", "url",
)  # fmt: skip
FIELDS = st.dictionaries(st.sampled_from(NAMES) | WORDS, WORDS, max_size=5)
KINDS = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "multipart/form-data",
     "text/plain", "", "application/json; charset=utf-16", "a" * 300]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=10,
)


def test_no_page_fails_whatever_is_sent_to_it(open_door: Process) -> None:
    """Pages, links of mails, the sink and the webhook: any method, query, body and type of body."""
    paths = pages(open_door)
    answered: set[int] = set()

    @seed(20261127)
    @settings(BOUNDED, max_examples=200)
    @given(
        method=st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS"]),
        path=st.sampled_from(paths),
        query=FIELDS,
        sent=FIELDS | st.binary(max_size=200) | JSON,
        kind=KINDS,
        key=st.booleans(),
    )
    def ask(method: str, path: str, query: dict[str, str], sent: Any, kind: str, key: bool) -> None:
        answer = asyncio.run(send(open_door, method, path, query=query, sent=sent, kind=kind, key=key))
        answered.add(answer.status_code)
        assert answer.status_code < 500, (method, path, query, sent, kind, answer.text)

    ask()
    assert {200, 303, 401, 404, 405, 422} <= answered


async def send(
    process: Process, method: str, path: str, *, query: dict[str, str], sent: Any, kind: str, key: bool
) -> Any:
    """One request, its body as the type says, or as it is."""
    client = process.client if key else process.anybody()
    if isinstance(sent, bytes):
        body = sent
    elif kind.startswith("application/json") or not isinstance(sent, dict):
        body = json.dumps(sent).encode()
    else:
        body = urlencode(sent, errors="replace").encode()
    headers = {"Content-Type": kind}
    if path.startswith("/webhooks/") and key:
        headers = {**Signer.of(process.engine).headers(body), **headers}
    return await client.request(method, path, params=query, headers=headers, content=body)
