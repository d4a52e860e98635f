"""Writes the answer of a reader of the built-in inbox as Inbound Parse would hand it in; refuses to deliver it."""

from __future__ import annotations

import secrets
from email.message import EmailMessage
from email.policy import SMTP

from adapters.mail.inbox import InboxMail


def answer_of(mail: InboxMail, text: str, *, subject: str | None = None, automatic: bool = False) -> tuple[bytes, str]:
    """The body and the content type of the request: the raw mail, with the mail it answers quoted below."""
    answer = EmailMessage(policy=SMTP)
    answer["From"] = mail.to
    answer["To"] = mail.headers.get("Reply-To", mail.from_email)
    answer["Subject"] = " ".join((subject or f"Re: {mail.subject}").split())
    answer["Message-ID"] = f"<{secrets.token_urlsafe(16)}@sink.example>"
    if automatic:
        answer["Auto-Submitted"] = "auto-replied"
    quoted = "\n".join(f"> {line}" for line in mail.text.splitlines())
    answer.set_content(f"{text}\n\n{mail.from_email} wrote:\n{quoted}\n", charset="utf-8", cte="base64")
    vouched = f"{{@{mail.to.rpartition('@')[2]} : pass}}"  # the inbox is that of its reader
    boundary = secrets.token_hex(16)
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (boundary.encode(), name, value)
        for name, value in ((b"email", answer.as_bytes()), (b"dkim", vouched.encode()))
    ]
    return b"".join(parts) + b"--%s--\r\n" % boundary.encode(), f"multipart/form-data; boundary={boundary}"
