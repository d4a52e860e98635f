"""A mail that went through the provider's own request is, in the sink's mailbox, a message that the RFCs allow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.header import decode_header, make_header
from email.headerregistry import AddressHeader, DateHeader
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formataddr, parsedate_to_datetime
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Engine

from adapters.mail.port import Mail
from adapters.mail.rendering import LeadFacts, render
from adapters.mail.tokens import Subscription, UnsubscribeTokens, one_click_headers
from nurture.definitions import Sender, Template
from tests.mail.test_sink import Web

BASE = "https://nurture.example.co.jp"
SUBJECTS = (
    "Seminar",
    "セミナーのご案内",
    "新製品発表会とハンズオンセミナーのご案内、会場とオンラインの両方で承ります" * 3,
    "🎉 山田様へ",
)
NAMES = ("山田 🎉 太郎", 'Jane "JD" Doe', "", "とても長い名前" * 12, "Doe (Jane)")


@pytest.fixture
def mailbox(engine: Engine, tmp_path: Path) -> Iterator[Web]:
    """A web process with the sink."""
    running = Web(engine, tmp_path, told=False)
    running.start()
    yield running
    running.stop()


def written(engine: Engine, sender: Sender, *, subject: str, name: str) -> Mail:
    """A mail of a scenario, rendered and addressed as the send activity does it."""
    key = "lead_1/セミナー/1/案内/1"
    url = UnsubscribeTokens.of(engine).url(BASE, Subscription(lead="lead_1", topic="seminars", send_key=key))
    template = Template("invite", "ja", subject, "前書き", "本文です。[詳しく](" + BASE + "/seminar)", "0f" * 32)
    rendered = render(
        template,
        lead=LeadFacts("lead_1", name, {}),
        sender=sender,
        unsubscribe_url=url,
        link_base=BASE,
        send_key=key,
    )
    return Mail(
        to="taro@example.co.jp",
        to_name=name,
        from_email=sender.from_.email,
        from_name=sender.from_.name,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        send_key=key,
        headers=one_click_headers(url),
    )


def sent(web: Web, mail: Mail) -> bytes:
    """The source of the mail once the sink has it."""
    answer = web.get(f"/api/inbox/{web.send(mail)}/source").raise_for_status()
    assert answer.headers["content-type"] == "message/rfc822"
    assert isinstance(answer, httpx.Response)
    return answer.content


def parsed(raw: bytes) -> EmailMessage:
    """The message; nothing in it may be a defect to a parser that names every one."""
    message = message_from_bytes(raw, policy=SMTP)
    assert isinstance(message, EmailMessage)
    for part in message.walk():
        assert not part.defects, part.defects
        for name, value in part.items():
            assert not value.defects, (name, value.defects)
    return message


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("name", NAMES)
def test_the_headers_of_a_mail_are_what_the_rfcs_allow(
    mailbox: Web, engine: Engine, sender: Sender, subject: str, name: str
) -> None:
    """RFC 5322, 2047, 2046, 2369 and 8058: form of lines, encoded words, one of each header, one-click addresses."""
    raw = sent(mailbox, written(engine, sender, subject=subject, name=name))
    assert b"\n" not in raw.replace(b"\r\n", b""), "RFC 5322 2.1: lines end with CRLF"
    assert raw.isascii(), "RFC 5322 2.2, RFC 2045: what is not ASCII is encoded"
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998, "RFC 5322 2.1.1"
    head = raw.partition(b"\r\n\r\n")[0].decode()
    for word in re.findall(r"=\?[^?]+\?[bq]\?[^?]*\?=", head, re.IGNORECASE):
        assert len(word) <= 75, "RFC 2047 2: an encoded word is at most 75 characters long"
        word.encode("ascii")

    message = parsed(raw)
    for once in ("Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "List-Unsubscribe"):
        assert len(message.get_all(once, [])) == 1, f"RFC 5322 3.6: {once} stands once"
    assert isinstance(message["Date"], DateHeader)
    assert parsedate_to_datetime(str(message["Date"])).tzinfo is not None
    assert re.fullmatch(r"<[^\s<>@]+@[^\s<>@]+>", str(message["Message-ID"])), "RFC 5322 3.6.4"
    for header, address in (("From", sender.from_.email), ("To", "taro@example.co.jp")):
        assert isinstance(message[header], AddressHeader)
        assert [each.addr_spec for each in message[header].addresses] == [address], "one mailbox each"
    assert message["Subject"] == subject
    shown = str(make_header(decode_header(str(message_from_bytes(raw)["To"]))))
    address = "taro@example.co.jp"
    whole = formataddr((name, address)) if name.isascii() else f"{name} <{address}>"
    assert shown == whole, "a name is neither cut nor read as something else"

    listed = re.fullmatch(r"<([^<>\s]+)>", str(message["List-Unsubscribe"]))
    assert listed, "RFC 2369 2: addresses in angle brackets, without blanks"
    assert urlsplit(listed[1]).scheme == "https", "RFC 8058 3.1: one HTTPS address"
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click", "RFC 8058 3.1"

    assert message.get_content_type() == "multipart/alternative"
    kinds = [part.get_content_type() for part in message.iter_parts()]
    assert kinds == ["text/plain", "text/html"], "RFC 2046 5.1.4: the plainest comes first"
    text, html = (part.get_content() for part in message.iter_parts())
    assert "本文です。" in text
    assert "本文です。" in html
    assert sender.legal_name in text


def test_a_line_end_in_a_text_makes_no_header_of_its_own(mailbox: Web, engine: Engine, sender: Sender) -> None:
    """Whatever a request to the sink holds, nobody else gets the mail."""
    mail = written(engine, sender, subject="件名", name="架空 花子")
    hostile = replace(mail, subject="Hello\r\nBcc: everybody@example.com", to_name="Eve\r\nBcc: all@example.com")
    answer = mailbox.mailer.send(hostile)
    held = mailbox.get("/api/inbox").json()["items"]
    for each in held:
        message = parsed(mailbox.get(f"/api/inbox/{each['id']}/source").content)
        assert message["Bcc"] is None
    assert held or type(answer).__name__ == "Refused"


def test_there_is_no_source_of_a_mail_that_nobody_has(mailbox: Web) -> None:
    """It is said as for any other route of a mail."""
    assert mailbox.get("/api/inbox/none/source").status_code == 404
