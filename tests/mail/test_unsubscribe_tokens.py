"""The address at which a mail is unsubscribed from."""

from __future__ import annotations

import re
import threading

import pytest
from sqlalchemy import Engine

from adapters.mail.keys import kept_secret
from adapters.mail.tokens import Subscription, UnsubscribeTokens, one_click_headers

MINE = Subscription(lead="lead_1", topic="newsletter", send_key="lead_1/セミナー/1/案内/2")


def test_a_token_gives_back_whose_mail_it_was(engine: Engine) -> None:
    """Lead, topic and send key come back, also with a second reader of the same database."""
    token = UnsubscribeTokens.of(engine).token(MINE)
    assert UnsubscribeTokens.of(engine).read(token) == MINE


def test_a_mail_without_topic_has_a_token_too(engine: Engine) -> None:
    """The topic may be None."""
    tokens = UnsubscribeTokens.of(engine)
    bare = Subscription(lead="lead_1", topic=None, send_key="k")
    assert tokens.read(tokens.token(bare)) == bare


def test_a_token_tells_nothing_and_fits_a_path(engine: Engine) -> None:
    """It is opaque, made of URL-safe letters, and the same for the same mail."""
    tokens = UnsubscribeTokens.of(engine)
    token = tokens.token(MINE)
    assert re.fullmatch(r"[A-Za-z0-9_-]+", token)
    assert token == tokens.token(MINE)
    assert token[:8] != tokens.token(Subscription(lead="lead_2", topic="newsletter", send_key="k"))[:8]


@pytest.mark.parametrize("end", ["", "x", "=", "あ", "%00"])
def test_a_changed_token_stands_for_nobody(engine: Engine, end: str) -> None:
    """Cut, lengthened, invented or re-encoded tokens are not ours, and raise nothing."""
    tokens = UnsubscribeTokens.of(engine)
    token = tokens.token(MINE)
    assert tokens.read(token[:-3] + end) is None
    assert tokens.read(token[::-1] + end) is None
    assert tokens.read(end) is None


def test_the_token_of_another_installation_stands_for_nobody(engine: Engine) -> None:
    """Only the key that sealed a token opens it."""
    other = UnsubscribeTokens(bytes(range(64)))
    assert UnsubscribeTokens.of(engine).read(other.token(MINE)) is None


def test_the_headers_are_those_of_one_click_unsubscribing() -> None:
    """RFC 8058 names both headers."""
    assert one_click_headers("https://example.co.jp/u/t") == {
        "List-Unsubscribe": "<https://example.co.jp/u/t>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_processes_that_make_a_secret_at_once_agree_on_one(engine: Engine) -> None:
    """However many first uses there are, all get the same secret."""
    made = iter(range(100))
    found: list[bytes] = []
    barrier = threading.Barrier(8)

    def use() -> None:
        barrier.wait()
        found.append(kept_secret(engine, "shared", lambda: str(next(made)).encode()))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1
