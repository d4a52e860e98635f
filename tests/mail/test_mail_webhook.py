"""What the provider reports is verified on the raw body and read item by item."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sendgrid.helpers.eventwebhook import EventWebhook

from adapters.mail.outbox import Signer, body_of
from adapters.mail.webhook import (
    SIGNATURE_HEADER,
    TIMESTAMP_HEADER,
    Batch,
    MalformedWebhook,
    parse,
    verify,
)

SIGNER = Signer.new()
KEY = "lead_1/s/1/a/1"


def item(event: str, **more: Any) -> dict[str, Any]:
    """One event in the provider's shape."""
    return {
        "email": "Hanako@Example.co.jp",
        "timestamp": 1_780_000_000,
        "event": event,
        "sg_event_id": "abc",
        "nurture_send": KEY,
        **more,
    }


def parsed(*items: Any) -> Batch:
    """The batch these items make."""
    return parse(json.dumps(items).encode())


def one(event: str, **more: Any) -> Any:
    """The one event that one item makes."""
    (found,) = parsed(item(event, **more)).events
    return found


# --- signature ------------------------------------------------------------------------------------------------------


def test_a_signed_body_is_known_by_any_of_the_keys() -> None:
    """Several webhooks of an account have a key each; one that fits is enough."""
    body = body_of([item("open")])
    headers = SIGNER.headers(body)
    keys = ["nonsense", Signer.new().public_key, SIGNER.public_key]
    assert verify(body, headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER], keys)


def test_a_changed_body_or_time_or_key_is_refused() -> None:
    """The signature holds for these very bytes, this timestamp and this key."""
    body = body_of([item("open")])
    headers = SIGNER.headers(body)
    signature, timestamp = headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER]
    assert not verify(body + b" ", signature, timestamp, [SIGNER.public_key])
    assert not verify(body, signature, timestamp + "0", [SIGNER.public_key])
    assert not verify(body, signature, timestamp, [Signer.new().public_key])
    assert not verify(body, signature, timestamp, [])


def test_the_signature_is_that_of_the_providers_own_library() -> None:
    """What the sink signs, the `sendgrid` package verifies."""
    body = body_of([item("open", reason="日本語")])
    headers = SIGNER.headers(body)
    library = EventWebhook(SIGNER.public_key)
    assert library.verify_signature(body.decode(), headers[SIGNATURE_HEADER], headers[TIMESTAMP_HEADER])


@pytest.mark.parametrize("signature", [None, "", "%%%", "AAAA", "あ", base64.b64encode(b"x" * 70).decode()])
@pytest.mark.parametrize("timestamp", [None, "", "1", "あ"])
def test_whatever_comes_as_a_signature_raises_nothing(signature: str | None, timestamp: str | None) -> None:
    """Missing and malformed headers are a refusal, never an error."""
    assert verify(b"[]", signature, timestamp, [SIGNER.public_key]) is False


@given(signature=st.text(), timestamp=st.text(), body=st.binary(), key=st.text())
def test_no_input_makes_the_verifier_fail(signature: str, timestamp: str, body: bytes, key: str) -> None:
    """Any text in any place is answered with False."""
    assert verify(body, signature, timestamp, [key, SIGNER.public_key]) is False


# --- events ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("told", "more", "type", "suppresses"),
    [
        ("processed", {}, "processed", None),
        ("deferred", {"response": "400 later", "attempt": "5"}, "deferred", None),
        ("delivered", {"response": "250 OK"}, "delivered", None),
        ("open", {}, "opened", None),
        ("click", {"url": "https://example.co.jp/a"}, "clicked", None),
        ("reply", {}, "replied", None),
        ("bounce", {"type": "bounce", "reason": "550"}, "bounced", "all"),
        ("bounce", {"reason": "550"}, "bounced", "all"),
        ("bounce", {"type": "blocked", "reason": "450"}, "blocked", None),
        ("bounce", {"type": "blocked", "bounce_classification": "Invalid Address"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Invalid Address"}, "bounced", "all"),
        ("bounce", {"type": "bounce", "bounce_classification": "Mailbox Unavailable"}, "bounced", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Reputation"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Frequency or Volume Too High"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Technical Failure"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Content"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": "Unclassified"}, "blocked", None),
        ("bounce", {"type": "bounce", "bounce_classification": ["x"]}, "blocked", None),
        ("dropped", {"reason": "Bounced Address"}, "bounced", "all"),
        ("dropped", {"reason": "Invalid"}, "bounced", "all"),
        ("dropped", {"reason": "Unsubscribed Address"}, "unsubscribed", "all"),
        ("dropped", {"reason": "Spam Reporting Address"}, "spam_reported", "all"),
        ("dropped", {"reason": "Recipient List over Package Quota"}, "dropped", None),
        ("dropped", {}, "dropped", None),
        ("spamreport", {}, "spam_reported", "all"),
        ("unsubscribe", {}, "unsubscribed", "all"),
        ("group_unsubscribe", {"asm_group_id": 3}, "unsubscribed", "topic"),
        ("group_resubscribe", {"asm_group_id": 3}, "processed", None),
    ],
)
def test_every_event_of_the_provider_has_a_word_here(
    told: str, more: dict[str, Any], type: str, suppresses: str | None
) -> None:
    """The provider's names become nurture's, and what forbids further mail says so."""
    event = one(told, **more)
    assert (event.type, event.suppresses) == (type, suppresses)
    assert event.send == KEY
    assert event.address == "hanako@example.co.jp"
    assert event.at == datetime.fromtimestamp(1_780_000_000, UTC)


def test_a_machine_open_is_marked() -> None:
    """`sg_machine_open` alone decides on opens."""
    assert one("open", sg_machine_open=True).machine is True
    assert one("open", sg_machine_open=False).machine is False
    assert one("open").machine is False


def test_a_click_tells_its_link_and_place() -> None:
    """URL and offset tell apart two equal links of one mail."""
    first = one("click", url="https://example.co.jp/a", url_offset={"index": 0, "type": "html"})
    second = one("click", url="https://example.co.jp/a", url_offset={"index": 1, "type": "html"})
    assert first.url == "https://example.co.jp/a"
    assert first.url_offset != second.url_offset
    assert first.semantic != second.semantic


def test_a_category_may_be_text_or_array() -> None:
    """Both forms occur."""
    assert len(parsed(item("open", category="a"), item("open", category=["a", "b"])).events) == 2


def test_mail_of_others_is_none_of_our_business() -> None:
    """Events without our send key are counted and left, unless they forbid mail to an address."""
    foreign = {"email": "x@example.co.jp", "timestamp": 1_780_000_000, "sg_event_id": "e"}
    batch = parsed(
        {**foreign, "event": "open"},
        {**foreign, "event": "group_unsubscribe"},
        {**foreign, "event": "spamreport"},
        {"event": "account_status_change", "timestamp": 1_780_000_000, "type": "compliance_suspend"},
    )
    assert batch.foreign == 3
    assert batch.rejected == ()
    (kept,) = batch.events
    assert (kept.type, kept.address, kept.send, kept.suppresses) == ("spam_reported", "x@example.co.jp", None, "all")


@pytest.mark.parametrize(
    "bad",
    [
        None,
        7,
        "open",
        [],
        {},
        item("opened_twice"),
        {**item("open"), "event": 5},
        item("open", timestamp=None),
        item("open", timestamp="soon"),
        item("open", timestamp=True),
        item("open", timestamp=-1),
        item("open", timestamp=10**400),
        item("open", timestamp=1e300),
        item("open", nurture_send={"a": 1}),
        item("open", email=["x"]),
        item("click", url=5),
        item("open", sg_event_id=5),
    ],
)
def test_one_bad_item_spoils_no_other(bad: Any) -> None:
    """It is reported with its place and a reason; the rest is kept."""
    batch = parsed(item("open"), bad, item("delivered", sg_event_id="def"))
    assert [event.type for event in batch.events] == ["opened", "delivered"]
    (rejected,) = batch.rejected
    assert rejected.index == 1
    assert rejected.reason


@pytest.mark.parametrize("body", [b"", b"{", b"7", b'"x"', b"null", b"\xff\xfe", b"[" * 100_000, b"[1" + b"0" * 9999])
def test_a_body_that_is_no_batch_is_malformed(body: bytes) -> None:
    """Only an array (or one object) is a batch."""
    with pytest.raises(MalformedWebhook):
        parse(body)


def test_a_single_object_counts_as_a_batch_of_one() -> None:
    """An object without its array is read all the same."""
    assert len(parse(json.dumps(item("open")).encode()).events) == 1


def test_text_that_no_database_holds_is_cleaned() -> None:
    """NUL and lone surrogates, which JSON can carry, are replaced, and long texts cut."""
    event = one("bounce", reason="a\0b\ud800" + "x" * 1000)
    assert event.reason is not None
    assert "\0" not in event.reason
    assert event.reason.encode()
    assert len(event.reason) < 600


def test_an_event_without_id_has_one_made_of_what_it_says() -> None:
    """The same event told twice has the same id; another has another."""
    nameless = item("open", sg_event_id=None)
    first, second, other = parsed(nameless, nameless, {**nameless, "timestamp": 1_780_000_001}).events
    assert first.id == second.id != other.id


def test_a_timestamp_may_be_a_text_or_have_a_fraction() -> None:
    """Whole seconds count."""
    assert one("open", timestamp="1780000000").at == one("open", timestamp=1780000000.9).at


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@given(
    items=st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "event": st.sampled_from(["open", "click", "bounce", "dropped", "spamreport", "x"]) | _JSON,
                "timestamp": st.integers(0, 4 * 10**9) | _JSON,
                "email": st.just("a@example.jp") | _JSON,
                "nurture_send": st.just(KEY) | _JSON,
                "sg_event_id": st.text() | _JSON,
                "url": _JSON,
                "url_offset": _JSON,
                "reason": _JSON,
                "category": _JSON,
            },
        )
        | _JSON,
        max_size=5,
    )
)
def test_every_item_of_any_batch_is_taken_left_or_reported(items: list[Any]) -> None:
    """No JSON makes the reader fail, and nothing is lost from the count."""
    batch = parse(json.dumps(items).encode())
    assert len(batch.events) + len(batch.rejected) + batch.foreign == len(items)
    for event in batch.events:
        event.model_dump_json()
