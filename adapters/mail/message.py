"""Writes a mail of the sink as the message (RFC 5322) that a mailbox would hold; refuses to send it anywhere."""

from __future__ import annotations

import re
from email.charset import BASE64, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime, formataddr

from adapters.mail.inbox import InboxMail

HOST = "sink.example"
"""What stands for the host of the sink: a name that belongs to nobody (RFC 2606)."""
_LINES = compat32.clone(linesep="\r\n", max_line_length=998)
_WORD = 75
"""RFC 2047: the length of an encoded word. Other values stay on one line: an address in brackets cannot be folded."""
_UTF8 = Charset("utf-8")
_UTF8.body_encoding = BASE64


def source(mail: InboxMail) -> bytes:
    """The whole message with CRLF line ends: plain text first, then HTML, as its reader's program gets it.

    What is not ASCII becomes encoded words (RFC 2047) in headers and base64 in bodies.
    """
    message = MIMEMultipart("alternative", policy=_LINES)
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.id}@{HOST}>"
    message["From"] = _mailbox(mail.from_name, mail.from_email)
    message["To"] = _mailbox(mail.to_name, mail.to)
    message["Subject"] = _words(mail.subject)
    for name, value in mail.headers.items():
        message[name] = _of_one_line(value)
    for kind, text in (("plain", mail.text), ("html", mail.html)):
        if text:
            part = MIMENonMultipart("text", kind, charset="utf-8", policy=_LINES)
            part.set_payload(text, _UTF8)
            message.attach(part)
    return message.as_bytes()


def _mailbox(name: str | None, address: str) -> str:
    name = _of_one_line(name or "")
    return formataddr((name, address)) if name.isascii() else f"{_words(name)} <{address}>"


def _words(text: str) -> str:
    return Header(_of_one_line(text), maxlinelen=_WORD, header_name="Subject").encode(linesep=_LINES.linesep)


def _of_one_line(value: str) -> str:
    """What follows a line end would be a header of its own."""
    return re.sub(r"[\r\n]+", " ", value)
