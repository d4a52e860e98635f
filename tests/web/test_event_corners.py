"""`POST /events` at its edges: whatever is sent, the good rest is kept, nothing by half, and no answer is a 5xx."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from adapters.database.engine import reading, writing
from adapters.database.schema import events, leads
from tests.web.process import Process

LEAD = {"id": "l1", "email": "l1@example.co.jp"}
HALF = '"\\ud800"'
NUL = '"a\\u0000b"'
DEEP = "[" * 40 + "]" * 40
GOOD = {"id": "good", "lead": "l1", "type": "visited"}


def written(**fields: str) -> str:
    """One event as JSON text; each field is JSON text already."""
    said = {"id": '"bad"', "lead": '"l1"', "type": '"visited"', **fields}
    return "{" + ",".join(f'"{name}":{value}' for name, value in said.items()) + "}"


async def told(client: httpx.AsyncClient, *texts: str, **headers: str) -> httpx.Response:
    """Post events that are JSON text already, as one batch."""
    body = '{"events":[' + ",".join(texts) + "]}"
    return await client.post("/events", content=body.encode(), headers=headers)


def kept(process: Process) -> list[Any]:
    """The stored events, oldest first."""
    with reading(process.engine) as connection:
        return list(connection.execute(select(events).order_by(events.c.id)).all())


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (written(id=NUL), "id: holds a NUL"),
        (written(id=HALF), "id: "),
        (written(lead=NUL), "lead: "),
        (written(lead=HALF), "lead: "),
        (written(lead='{"email":"a\\u0000@example.com"}'), "lead: "),
        (written(lead='{"email":"a@example.com","id":"l1"}'), 'lead: must be a lead id or {"email"'),
        (written(lead='""'), "lead: must be"),
        (written(lead='"' + "l" * 201 + '"'), "lead: must be"),
        (written(type=NUL), "type: holds a NUL"),
        (written(type=HALF), "type: "),
        (written(subject=NUL), "subject: holds a NUL"),
        (written(subject=HALF), "subject: "),
        (written(subject='"' + "s" * 401 + '"'), "subject: "),
        (written(subject="7"), "subject: "),
        (written(id="7"), "id: "),
        (written(id="null"), "id: "),
        (written(id='"' + "i" * 301 + '"'), "id: "),
        (written(id="1" * 5000), "id: "),
        (written(at=NUL), "at: write an RFC 3339 time"),
        (written(at="1764000000"), "at: write an RFC 3339 time"),
        (written(at='"２０２６-11-02T09:30:00Z"'), "at: write an RFC 3339 time"),
        (written(at='"0000-11-02T09:30:00Z"'), "no time of the calendar"),
        (written(at='"2026-11-02T09:30:00+24:00"'), "no time of the calendar"),
        (written(at='"2026-11-02T24:00:00Z"'), "no time of the calendar"),
        (written(at='"9999-12-31T23:59:59-23:59"'), "no time of the calendar"),
        (written(at='"2026-11-02T09:30:60Z"'), "a leap second ends a day in UTC"),
        (written(at='"9999-12-31T23:59:59Z"'), "more than 10 minutes ahead"),
        (written(properties="[]"), "properties: must be an object"),
        (written(properties='{"a":' + NUL + "}"), "properties: holds a NUL"),
        (written(properties='{"a":[{"b":' + HALF + "}]}"), "properties: holds a NUL"),
        (written(properties="{" + NUL + ":1}"), "properties: holds a NUL"),
        (written(properties="{" + HALF + ":1}"), "properties: holds a NUL"),
        (written(properties='{"a":NaN}'), "properties: holds a number that is none of JSON"),
        (written(properties='{"a":-Infinity}'), "properties: holds a number that is none of JSON"),
        (written(properties='{"a":1e999}'), "properties: holds a number that is none of JSON"),
        (written(properties='{"a":' + "9" * 5000 + "}"), "thousands of digits"),
        (written(properties='{"a":' + DEEP + "}"), "nested deeper than 32"),
        (written(properties='{"a":1,"a":2}'), "the key 'a' is written twice"),
        (written(properties='{"b":[{"a":1,"a":2}]}'), "the key 'a' is written twice"),
        (written()[:-1] + ',"id":"other"}', "the key 'id' is written twice"),
        (written(**{"\\ud800": "1"}), "event: "),
        (written(colour="1"), "colour: is not a field of an event"),
        ("null", "an event is a JSON object"),
        ("NaN", "an event is a JSON object"),
        ("[]", "an event is a JSON object"),
    ],
)  # fmt: skip
async def test_a_bad_event_does_not_spoil_the_good_ones_around_it(process: Process, bad: str, said: str) -> None:
    """It is told by its place with its reason; its neighbours are stored, and nothing of it."""
    await process.client.post("/api/leads", json=LEAD)
    answer = await told(process.client, json.dumps(GOOD), bad, json.dumps({**GOOD, "id": "after"}))
    assert answer.status_code == 202, answer.text
    assert (answer.json()["accepted"], answer.json()["duplicates"]) == (2, 0)
    ((index, reason),) = [(each["index"], each["reason"]) for each in answer.json()["rejected"]]
    assert index == 1
    assert said in reason
    assert [event.event for event in kept(process)] == ["good", "after"]
    alone = await told(process.client, bad)
    assert alone.status_code == 422
    assert said in alone.json()["what"]
    assert [each["index"] for each in alone.json()["rejected"]] == [0]


@pytest.mark.parametrize(
    ("at", "means"),
    [
        ("2026-11-02T09:30:00Z", "2026-11-02T09:30:00+00:00"),
        ("2026-11-02t09:30:00z", "2026-11-02T09:30:00+00:00"),
        ("2026-11-02 18:30:00+09:00", "2026-11-02T09:30:00+00:00"),
        ("2026-11-02T09:30:00-00:00", "2026-11-02T09:30:00+00:00"),
        ("2026-11-02T15:15:00+05:45", "2026-11-02T09:30:00+00:00"),
        ("2026-11-01T10:30:00-23:00", "2026-11-02T09:30:00+00:00"),
        ("2026-11-02T09:30:00.123456789Z", "2026-11-02T09:30:00.123456+00:00"),
        ("2026-11-02T09:30:00.5Z", "2026-11-02T09:30:00.500000+00:00"),
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59.999999+00:00"),
        ("2017-01-01T08:59:60.25+09:00", "2016-12-31T23:59:59.999999+00:00"),
        ("2000-01-01T00:00:00Z", "2000-01-01T00:00:00+00:00"),
    ],
)
async def test_every_way_to_write_a_time_is_read(process: Process, at: str, means: str) -> None:
    """RFC 3339 with any offset, in lower case, with any fraction; a leap second is the last instant before the next."""
    assert (await told(process.client, json.dumps({**GOOD, "at": at}))).status_code == 202
    assert [event.at for event in kept(process)] == [datetime.fromisoformat(means)]


async def test_a_time_ahead_is_taken_up_to_ten_minutes_and_counts_as_now(process: Process) -> None:
    """Clocks differ; what is further ahead is wrong."""
    now = datetime.now(UTC)
    near, far = ((now + timedelta(minutes=minutes)).isoformat() for minutes in (9, 11))
    answer = await told(process.client, json.dumps({**GOOD, "at": near}), written(at=json.dumps(far)))
    assert answer.json()["accepted"] == 1
    assert "more than 10 minutes ahead" in answer.json()["rejected"][0]["reason"]
    (event,) = kept(process)
    assert event.at == event.received_at


async def test_what_the_contract_leaves_out_may_be_absent_or_null(process: Process) -> None:
    """`subject`, `at` and `properties`; then it happened now."""
    both = [json.dumps(GOOD), json.dumps({**GOOD, "id": "e2", "subject": None, "at": None, "properties": None})]
    assert (await told(process.client, *both)).json()["accepted"] == 2
    assert [(event.subject, event.properties, event.at == event.received_at) for event in kept(process)] == [
        ("", {}, True)
    ] * 2


async def test_properties_come_back_as_they_were_told(process: Process) -> None:
    """Large numbers, any script, and nesting within reason."""
    properties = {"big": 10**30, "small": 1e-300, "words": "見本 🎉 \u2028", "deep": [[{"a": [None, True]}]], "": 0}
    assert (await told(process.client, json.dumps({**GOOD, "properties": properties}))).status_code == 202
    assert kept(process)[0].properties == properties


async def test_a_duplicate_is_answered_as_such_whatever_else_it_says(process: Process) -> None:
    """Within a batch and across batches, for known and unknown leads; a batch of nothing else is 202."""
    first = await told(process.client, json.dumps(GOOD), json.dumps({**GOOD, "subject": "x"}))
    assert (first.status_code, first.json()["accepted"], first.json()["duplicates"]) == (202, 1, 1)
    again = await told(process.client, json.dumps({**GOOD, "lead": "l2"}))
    assert (again.status_code, again.json()) == (202, {"accepted": 0, "duplicates": 1, "rejected": []})
    with_bad = await told(process.client, json.dumps(GOOD), "7")
    assert (with_bad.status_code, with_bad.json()["duplicates"]) == (202, 1)


async def test_near_names_are_offered_for_an_unknown_type(process: Process) -> None:
    """And where own types are listed."""
    answer = await told(process.client, written(type='"visitd"'))
    assert "did you mean 'visited'" in answer.json()["what"]
    assert "events.yaml" in answer.json()["what"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"events": [1,]}', "not JSON"),
        (b'{"events": []} more', "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        ('{"events": []}'.encode("utf-16"), "not UTF-8"),
        (b'{"events": ["\xc3\x28"]}', "not UTF-8 (byte 13)"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"events": [' + b'{"a":' * 100_000, "nested too deeply"),
        (b'{"events": [], "events": []}', "the key 'events' is written twice"),
        (b'"events"', "no list `events`"),
        (b"null", "no list `events`"),
        (b'{"events": {"id": "e1"}}', "no list `events`"),
        (b'{"events": []}', "there are no events in it"),
    ],
)
async def test_a_body_without_a_list_of_events_is_422(process: Process, body: bytes, said: str) -> None:
    """A problem that says what to send; nothing is stored."""
    answer = await process.client.post("/events", content=body)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert said in answer.json()["what"]
    assert answer.json()["do"]
    assert kept(process) == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "text/plain", "", "a/b/c"])
async def test_the_type_of_the_body_is_not_looked_at(process: Process, kind: str) -> None:
    """It is JSON or it is not, whatever a small client calls it."""
    assert (await told(process.client, json.dumps(GOOD), **{"Content-Type": kind})).status_code == 202


async def test_a_byte_order_mark_does_no_harm(process: Process) -> None:
    """Some tools write one."""
    body = b"\xef\xbb\xbf" + json.dumps({"events": [GOOD]}).encode()
    assert (await process.client.post("/events", content=body)).status_code == 202


async def test_a_compressed_body_is_refused_with_what_to_do(process: Process) -> None:
    """5 MB packed could be gigabytes: 415, and the header that says what is taken."""
    body = gzip.compress(json.dumps({"events": [GOOD]}).encode())
    answer = await process.client.post("/events", content=body, headers={"Content-Encoding": "gzip"})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "identity"
    assert "uncompressed" in answer.json()["do"]
    plain = json.dumps({"events": [GOOD]}).encode()
    answer = await process.client.post("/events", content=plain, headers={"Content-Encoding": "identity"})
    assert answer.status_code == 202


async def test_exactly_a_thousand_events_and_five_megabytes_are_taken(process: Process) -> None:
    """The limits themselves are good; one more of either is 413, and nothing of it is stored."""
    many = [json.dumps({**GOOD, "id": f"e{number}"}) for number in range(1000)]
    text = '{"events":[' + ",".join(many) + "]}"
    body = text.encode().ljust(5 * 1024 * 1024)
    assert (await process.client.post("/events", content=body + b" ")).status_code == 413
    assert (await told(process.client, *many, json.dumps(GOOD))).status_code == 413
    assert kept(process) == []
    answer = await process.client.post("/events", content=body)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 1000)


@pytest.mark.parametrize("length", ["-1", "x", "1e9", "99999999999999999999999"])
async def test_a_length_that_lies_does_not_help(process: Process, length: str) -> None:
    """What is told is checked, and what comes is counted."""
    body = json.dumps({"events": [GOOD]}).encode()
    answer = await process.client.post("/events", content=body, headers={"Content-Length": length})
    assert answer.status_code in (202, 413)
    big = await process.client.post("/events", content=b" " * (5 * 1024 * 1024 + 1), headers={"Content-Length": "10"})
    assert big.status_code == 413


async def test_parked_events_come_in_pages(process: Process) -> None:
    """`{items, next}` as every list; each once, in the order of arrival, and each as its lead was named."""
    batch = [json.dumps({**GOOD, "id": f"e{n}", "lead": {"email": f"L{n}@Example.com"}}) for n in range(5)]
    await told(process.client, *batch)
    found: list[dict[str, Any]] = []
    following: str | None = "/api/events?parked=true&limit=2"
    pages = 0
    while following is not None:
        page = (await process.client.get(following)).json()
        assert set(page) == {"items", "next"}
        found += page["items"]
        following, pages = page["next"], pages + 1
    assert pages == 3
    assert [(each["id"], each["lead"]) for each in found] == [
        (f"e{n}", {"email": f"l{n}@example.com"}) for n in range(5)
    ]
    for query in ("parked=false", "limit=0", "limit=x", "cursor=%00", "cursor=!!", "cursor=" + "9" * 30):
        assert (await process.client.get(f"/api/events?{query}")).status_code == 422, query


async def test_events_of_an_erased_lead_are_rejected(process: Process) -> None:
    """Nothing is written about somebody who is to be forgotten; the rest is kept."""
    await process.client.post("/api/leads", json=LEAD)
    with writing(process.engine) as connection:
        connection.execute(update(leads).values(status="erased"))
    answer = await told(process.client, json.dumps(GOOD), json.dumps({**GOOD, "id": "e2", "lead": "l2"}))
    assert answer.json() == {
        "accepted": 1, "duplicates": 0, "rejected": [{"index": 0, "reason": "lead 'l1' was erased"}],
    }  # fmt: skip
