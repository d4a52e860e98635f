"""The mark on links to the own site: who gets one, what it tells, and what it does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from adapters.mail.link_tokens import LIFE, Came, LinkTokens, SiteLinks, good_until

SLOT = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
KEY = "lead_7/seminar_to_demo/1/newsletter/1"
TOKENS = LinkTokens(AESSIV.generate_key(512))
LINKS = SiteLinks(TOKENS, {"https://www.example.co.jp", "https://mail.example.co.jp"}, "https://mail.example.co.jp")


def test_a_mark_tells_its_mail_and_nobody_else() -> None:
    """It is read back whole; changed, or of another key, it is none. Neither lead nor scenario can be read in it."""
    came = Came(KEY, SLOT)
    token = TOKENS.token(came)
    assert TOKENS.read(token) == came
    assert TOKENS.token(came) == token
    assert "lead_7" not in token
    assert LinkTokens(AESSIV.generate_key(512)).read(token) is None
    for wrong in ("", "x", token[:-2], token[:10] + ("A" if token[10] != "A" else "B") + token[11:], "ä" * 30):
        assert TOKENS.read(wrong) is None


@pytest.mark.parametrize(
    ("url", "before", "after"),
    [
        ("https://www.example.co.jp/pricing", "https://www.example.co.jp/pricing?nv=", ""),
        ("https://www.example.co.jp/a?b=c#d", "https://www.example.co.jp/a?b=c&nv=", "#d"),
        ("https://mail.example.co.jp/site/pricing", "https://mail.example.co.jp/site/pricing?nv=", ""),
        ("https://WWW.example.co.jp/x", "https://WWW.example.co.jp/x?nv=", ""),
    ],
)
def test_links_to_listed_sites_are_marked(url: str, before: str, after: str) -> None:
    """Query and fragment stay."""
    marked = LINKS.marked(url, KEY, SLOT)
    assert marked.startswith(before)
    assert marked.endswith(after)
    token = marked.removeprefix(before).removesuffix(after)
    assert TOKENS.read(token) == Came(KEY, SLOT)


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example.com/pricing",
        "http://www.example.co.jp/pricing",
        "https://www.example.co.jp.evil.example/pricing",
        "https://mail.example.co.jp/forms/seminar",
        "https://mail.example.co.jp/u/token",
        "mailto:info@example.co.jp",
        "https://[broken/",
    ],
)
def test_other_links_stay_as_they_are(url: str) -> None:
    """Other sites are not told anything, and Nurture's own pages read no mark."""
    assert LINKS.marked(url, KEY, SLOT) == url


def test_a_mark_is_good_for_a_month_and_long_enough_for_a_person() -> None:
    """Where a day passes in two seconds, it is good for an hour of real time."""
    assert good_until(SLOT, 1) == SLOT + LIFE
    assert good_until(SLOT, 43200) == SLOT + timedelta(hours=43200)
