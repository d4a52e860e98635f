"""Whatever is posted as a mail is read or refused in words: an error would have the provider ask for three days."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.mail.charsets import decoded
from adapters.mail.html_words import from_html
from adapters.mail.inbound import MalformedInbound, read
from nurture.replies import judge

BOUNDARY = "b0"
HEADERS = st.sampled_from([
    b"From: =?ISO-2022-JP?B?GyRCRnxLXDhsGyhC?= <a@example.com>", b"From: \xff\xfe", b"From: a@b@c", b"From:", b"To: <>",
    b"Subject: =?utf-8?B?####?=", b"Subject: =?utf-8?b?a?=",
    b"Content-Type: text/plain; charset*=a\0b''x",
    b"Subject: =?no-such?Q?x?=", b"Subject: =?shift_jis?B?gqA=?= =?",
    b"Message-ID: <x>",
    b"Content-Type: multipart/mixed; boundary=", b"Content-Type: text/plain; charset=no-such", b"Content-Type: ///",
    b"Content-Transfer-Encoding: base64", b"Content-Type: message/rfc822",
    b"Content-Type: text/html; charset=iso-2022-jp",
    b"Return-Path: <>", b": ", b"no colon at all", b"Content-Type: multipart/report; boundary=x",
])  # fmt: skip
MAILS = st.builds(
    lambda headers, body: b"\n".join(headers) + b"\n\n" + body, st.lists(HEADERS), st.binary(max_size=200)
)
FIELDS = st.dictionaries(
    st.sampled_from(
        ["email", "headers", "text", "html", "subject", "from", "to", "envelope", "charsets", "attachments"]
    ),
    st.one_of(
        MAILS,
        st.binary(max_size=100),
        st.sampled_from([
            b"[]", b"{}", b'{"to": 1, "from": null}', b'{"to": ["a@example.com", 3], "from": ""}',
            json.dumps({"text": "hex", "subject": 3, "html": "utf-16"}).encode(),
        ]),
    ),
)  # fmt: skip


def form(fields: dict[str, bytes]) -> bytes:
    """A multipart body."""
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (BOUNDARY.encode(), name.encode(), value)
        for name, value in fields.items()
    ]
    return b"".join(parts) + b"--%s--\r\n" % BOUNDARY.encode()


@settings(max_examples=400, deadline=None)
@given(FIELDS)
def test_every_form_is_read_or_refused_and_what_is_read_can_be_kept(fields: dict[str, bytes]) -> None:
    """No NUL, no half character, no second line in a subject; and it can be judged."""
    try:
        mail = read(form(fields), f"multipart/form-data; boundary={BOUNDARY}")
    except MalformedInbound:
        return
    for text in (mail.subject, mail.text, mail.sender, mail.identity, *mail.headers.values(), *mail.to):
        assert "\0" not in text
        text.encode()
    assert "\n" not in mail.subject
    judge(mail.headers, mail.subject, mail.text)


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=300),
    st.sampled_from(["multipart/form-data; boundary=b0", "multipart/form-data; boundary=", "x"]),
)
def test_every_body_is_read_or_refused(body: bytes, kind: str) -> None:
    """Whatever it is."""
    with suppress(MalformedInbound):
        read(body, kind)


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=200),
    st.sampled_from(
        [None, "", "iso-2022-jp", "Shift_JIS", "windows-31j", "euc-jp", "utf-16", "hex", "idna", "no such", "\0"]
    ),
)
def test_every_text_is_read_in_every_character_set(content: bytes, charset: str | None) -> None:
    """Wrong bytes become signs that say so."""
    assert "\0" not in decoded(content, charset)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="<>/=\"' abp!-[]&#;blockquote\n", max_size=120))
def test_every_page_of_html_becomes_words(html: str) -> None:
    """Also one that is none."""
    from_html(html)


@pytest.mark.parametrize(
    "mail",
    [
        b"From: a@example.com\nSubject: =?utf-8?b?a?=\n\nhello",
        b"From: a@example.com\nX-Any: =?utf-8?b?a?=\n\nhello",
        b"From: a@example.com\nContent-Type: text/plain; charset*=a\0b''x\n\nhello",
    ],
)
def test_a_header_that_is_half_broken_costs_no_letter(mail: bytes) -> None:
    """It is kept as it stands."""
    read_mail = read(form({"email": mail}), f"multipart/form-data; boundary={BOUNDARY}")
    assert (read_mail.sender, read_mail.text) == ("a@example.com", "hello")


@pytest.mark.parametrize(
    "mail",
    [
        b"From: " + b"(" * 5_000 + b"\n\nhello",
        b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (each, each) for each in range(1_000)),
        b"Content-Type: message/rfc822\n\n" * 2_000,
    ],
)
def test_a_mail_made_to_break_the_reader_is_refused_in_words(mail: bytes) -> None:
    """Or read; the provider is to hear of no error."""
    with suppress(MalformedInbound):
        read(form({"email": b"To: x@example.com\n" + mail}), f"multipart/form-data; boundary={BOUNDARY}")


@pytest.mark.parametrize(
    "header",
    [
        b"Subject: " + b"=?utf-8?b?a" * 20_000,
        b"To: " + b"=?utf-8?b?a" * 20_000,
        b"X-Any: =?utf-8?b?a=?utf-8?b?a\n" * 20_000 + b"X-End: y",
        b"Content-Type: text/plain; " + b'a"; ' * 40_000,
        b'Content-Type: text/plain; "' + b";" * 200_000,
        b'Content-Type: text/plain;\n "' + b"\n ;;;;" * 40_000,
    ],
)
def test_no_header_takes_long(header: bytes) -> None:
    """The library looks for encoded words and parameters in the square of their length."""
    began = time.process_time()
    told = read(
        form({"email": b"From: a@example.com\n" + header + b"\n\nhello"}), f"multipart/form-data; boundary={BOUNDARY}"
    )
    assert time.process_time() - began < 4
    assert told.text.strip() == "hello"


def test_a_sender_that_cannot_be_kept_loses_no_mail() -> None:
    """Half a character and NUL, in the envelope and in the header."""
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    envelope = json.dumps({"from": "\ud800@x", "to": ["\ud800@y", "a\0@y"]}).encode()
    told = read(form({"headers": b"Subject: x", "envelope": envelope, "text": b"hello"}), kind)
    assert (told.sender, told.to, told.text) == ("?@x", ("?@y", "a@y"), "hello")
    named = read(form({"headers": b"Subject: x", "from": b"a\0b@example.com", "text": b"hello"}), kind)
    assert named.sender == "ab@example.com"
