"""Mails that leads write back, as Inbound Parse posts them: taken once, judged, effective at once, nothing in logs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from adapters.database import api_keys
from adapters.database.consents import suppressed
from adapters.database.engine import reading, writing
from adapters.database.numbering import file_events
from adapters.database.schema import entries, events, leads, replies, sends, suppressions, timeline
from tests.web.process import Process
from web.security import MOST_BYTES, MOST_BYTES_OF_MAIL

ADDRESS = "l1@example.co.jp"
KEY = "l1/seminar_to_demo/1/newsletter/1"
TOKEN = "a" * 25 + "7"
BOUNDARY = "xYzZY"
CODECS = {"windows-31j": "cp932"}
"""Names that mail has and Python lacks."""
FOOTER = (
    "--------------------------------\n株式会社サンプル\n\n今後このようなメールがご不要な方は、こちらのページで配信を停止できます。\n"
    "https://news.example.co.jp/u/abcdefghijklmnopqrstuvwxyz0123456789"
)


def form(fields: Mapping[str, str | bytes], files: Mapping[str, bytes] | None = None) -> bytes:
    """A multipart body as the provider writes it: each field in a character set of its own."""
    parts = [
        b'--%s\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'
        % (BOUNDARY.encode(), name.encode(), value.encode() if isinstance(value, str) else value)
        for name, value in fields.items()
    ]
    parts += [
        b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n%s\r\n'
        % (BOUNDARY.encode(), name.encode(), content)
        for name, content in (files or {}).items()
    ]
    return b"".join(parts) + b"--%s--\r\n" % BOUNDARY.encode()


def parsed(
    text: str,
    *,
    to: str = f"r+{TOKEN}@reply.example.co.jp",
    sender: str = ADDRESS,
    subject: str = "Re: お知らせ",
    charset: str = "UTF-8",
    headers: str = "",
    **more: str | bytes,
) -> dict[str, str | bytes]:
    """The fields of Inbound Parse's default form."""
    named = hash((text, sender, subject, charset))
    return {
        "headers": f"Message-ID: <{named}@mail.example>\nFrom: 田中 <{sender}>\nTo: {to}\n{headers}",
        "dkim": "{@example.co.jp : pass}",
        "to": to,
        "from": f"田中 太郎 <{sender}>",
        "subject": subject.encode(CODECS.get(charset, charset)),
        "text": text.encode(CODECS.get(charset, charset)),
        "envelope": json.dumps({"to": [to], "from": sender}),
        "charsets": json.dumps({"to": "UTF-8", "from": "UTF-8", "subject": charset, "text": charset}),
        "attachments": "0",
        **more,
    }


class Mailbox:
    """The provider's side: it knows the secret."""

    def __init__(self, process: Process, secret: str) -> None:
        self.process = process
        self.path = f"/webhooks/inbound/{secret}"

    async def hand_in(self, fields: Mapping[str, str | bytes], files: Mapping[str, bytes] | None = None) -> str:
        """What the mail was taken for."""
        answer = await self.process.anybody().post(
            self.path,
            content=form(fields, files),
            headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["taken"])

    def rows(self, table: Any) -> list[Any]:
        """All of a table."""
        with reading(self.process.engine) as connection:
            return list(connection.execute(select(table).order_by(table.c.id)))

    def why_shut(self, topic: str, address: str = ADDRESS) -> str | None:
        """Why no mail of a topic may go to the lead."""
        with reading(self.process.engine) as connection:
            return suppressed(connection, address, topic)


def sent(connection: Connection) -> None:
    """A mail of the topic newsletter that the lead was sent, with the token of its Reply-To."""
    now = datetime.now(UTC)
    connection.execute(
        insert(sends).values(
            key=KEY, lead="l1", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
            template="newsletter_01", topic="newsletter", deployment=1, state="accepted", attempted_at=now,
            accepted_at=now, answers_to=TOKEN,
        )
    )  # fmt: skip


@pytest.fixture
async def mailbox(process: Process) -> Mailbox:
    """A lead that was sent one mail, and the provider that hands in what it writes back."""
    await process.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    with writing(process.engine) as connection:
        sent(connection)
        secret = api_keys.add(connection, "sendgrid", "inbound", datetime.now(UTC))
    return Mailbox(process, secret)


async def test_a_letter_is_the_reply_to_its_mail_and_can_be_read_by_the_rep(mailbox: Mailbox) -> None:
    """One event that somebody wrote; the whole letter is behind the API, and nowhere in the event."""
    quoted = "\n".join(f"> {line}" for line in f"こんにちは\n{FOOTER}".splitlines())
    text = f"資料をいただけますか。\n\n2026年11月27日(金) 10:00 ニュース <news@example.co.jp>:\n{quoted}"
    assert await mailbox.hand_in(parsed(text), {"attachment1": b"\x89PNG"}) == "written"
    (event,) = mailbox.rows(events)
    assert (event.lead, event.type, event.subject, event.send) == ("l1", "replied", "newsletter_01", KEY)
    assert (event.properties, event.suppresses) == ({"written": True}, None)
    assert mailbox.why_shut("newsletter") is None
    answer = await mailbox.process.client.get("/api/leads/l1/replies")
    (item,) = answer.json()["items"]
    assert (item["words"], item["text"], item["attachments"]) == ("資料をいただけますか。", text, 1)
    assert (item["kind"], item["subject"], item["send"]) == ("written", "Re: お知らせ", KEY)


async def test_only_a_mail_that_came_in_is_a_letter_to_the_workflow(mailbox: Mailbox) -> None:
    """It is told even where no definition names `replied`; who hands in events cannot stop scenarios by a property."""
    process = mailbox.process
    for number, kind in enumerate(("replied", "visited")):
        event = {"id": f"e{number}", "lead": "l1", "type": kind, "subject": "/pricing", "properties": {"written": True}}
        assert (await process.client.post("/events", json={"events": [event]})).status_code == 202
    assert await mailbox.hand_in(parsed("お電話ください")) == "written"
    with writing(process.engine) as connection:
        file_events(connection, "l1", process.store)
        bodies = [row.body for row in connection.execute(select(entries).where(entries.c.kind == "event"))]
    assert [body["type"] for body in bodies if body["written"]] == ["replied"]
    assert "visited" in [body["type"] for body in bodies if not body["written"]]


@pytest.mark.parametrize("charset", ["UTF-8", "ISO-2022-JP", "Shift_JIS", "windows-31j", "EUC-JP"])
@pytest.mark.parametrize("raw", [False, True])
async def test_japanese_is_read_in_every_character_set_that_mail_comes_in(
    mailbox: Mailbox, charset: str, *, raw: bool
) -> None:
    """Parsed, by the charsets that the provider names; raw, by those of the mail itself."""
    wish = "お世話になります。今後のメール配信を停止してください。"
    if raw:
        message = EmailMessage()
        message["From"], message["To"] = ADDRESS, f"r+{TOKEN}@reply.example.co.jp"
        message["Subject"] = "Re: x"
        message.set_content("x")
        message.set_payload(wish.encode(CODECS.get(charset, charset)))
        message.replace_header("Content-Type", f'text/plain; charset="{charset}"')
        message.replace_header("Content-Transfer-Encoding", "8bit")
        fields: dict[str, str | bytes] = {"email": message.as_bytes(), "to": "x", "charsets": "{}"}
    else:
        fields = parsed(wish, charset=charset)
    assert await mailbox.hand_in(fields) == "opt_out"
    assert mailbox.rows(replies)[0].words == wish


@pytest.mark.parametrize(
    ("text", "content"),
    [
        ("①㈱髙橋", "①㈱髙橋".encode("cp932")),
        ("①㈱ｱｲｳ", b"\x1b$B-!-j\x1b(I123\x1b(B"),
    ],
)
async def test_signs_beyond_the_standard_are_read_as_mail_programs_mean_them(
    mailbox: Mailbox, text: str, content: bytes
) -> None:
    """Circled numbers and half-width katakana, under the name of a standard that lacks them."""
    charset = "ISO-2022-JP" if b"\x1b" in content else "Shift_JIS"
    fields = {**parsed("x"), "text": content, "charsets": json.dumps({"text": charset})}
    assert await mailbox.hand_in(fields) == "written"
    assert mailbox.rows(replies)[0].words == text


async def test_a_wish_for_no_more_mail_shuts_the_address_for_all_topics_at_once(mailbox: Mailbox) -> None:
    """In the transaction of the request, and for the address it was written from as well; nobody of sales is told."""
    assert await mailbox.hand_in(parsed("配信停止\n\n" + FOOTER, sender="private@example.com", SPF="pass")) == "opt_out"
    for topic in ("newsletter", "seminars"):
        assert mailbox.why_shut(topic) == "one_click"
        assert mailbox.why_shut(topic, "private@example.com") == "unsubscribed"
    (event,) = mailbox.rows(events)
    assert (event.type, event.suppresses, event.send) == ("unsubscribed", "all", KEY)


@pytest.mark.parametrize(
    ("headers", "subject", "envelope"),
    [
        ("Auto-Submitted: auto-replied\n", "Re: お知らせ", ADDRESS),
        ("Precedence: bulk\n", "Re: お知らせ", ADDRESS),
        ("Precedence: auto_reply\n", "Re: お知らせ", ADDRESS),
        ("X-Autoreply: yes\n", "Re: お知らせ", ADDRESS),
        ("Return-Path: <>\n", "Re: お知らせ", ADDRESS),
        ("", "Re: お知らせ", ""),
        ("", "自動返信: お知らせ", ADDRESS),
        ("", "【自動応答】ただいま不在にしております", ADDRESS),
        ("", "不在通知 Re: お知らせ", ADDRESS),
        ("", "Automatic reply: お知らせ", ADDRESS),
        ("", "Out of Office Re: お知らせ", ADDRESS),
        ('Content-Type: multipart/report; report-type="delivery-status"\n', "x", ADDRESS),
    ],
)
async def test_an_answer_of_a_machine_is_ignored_with_a_line_on_the_timeline(
    mailbox: Mailbox, headers: str, subject: str, envelope: str
) -> None:
    """Even one that quotes 配信停止; the rep can still read it."""
    envelope_field = json.dumps({"to": [f"r+{TOKEN}@reply.example.co.jp"], "from": envelope})
    fields = parsed("休暇中です。配信停止", headers=headers, subject=subject, envelope=envelope_field)
    assert await mailbox.hand_in(fields) == "automatic"
    assert mailbox.rows(events) == []
    assert mailbox.why_shut("newsletter") is None
    (line,) = [each for each in mailbox.rows(timeline) if each.what == "reply_ignored"]
    assert (line.lead, line.step, line.subject) == ("l1", "newsletter", "newsletter_01")
    assert mailbox.rows(replies)[0].kind == "automatic"


async def test_the_mail_of_a_mail_program_that_unsubscribes_leaves_the_topic_of_its_mail(mailbox: Mailbox) -> None:
    """Whatever it says: the address is the wish, as the one click is."""
    assert (
        await mailbox.hand_in(parsed("", to=f"U+{TOKEN.upper()}@reply.example.co.jp", subject="unsubscribe")) == "left"
    )
    assert mailbox.why_shut("newsletter") == "one_click"
    assert mailbox.why_shut("seminars") is None


async def test_the_same_mail_is_taken_once(mailbox: Mailbox) -> None:
    """The provider tries again where our answer was lost."""
    fields = parsed("お電話ください")
    assert [await mailbox.hand_in(fields) for _ in range(3)] == ["written", "duplicate", "duplicate"]
    assert len(mailbox.rows(replies)) == len(mailbox.rows(events)) == 1


async def test_without_a_token_a_mail_is_known_by_its_sender_and_else_by_nobody(
    mailbox: Mailbox, capfd: pytest.CaptureFixture[str]
) -> None:
    """A lead that writes to the bare domain is heard; of a stranger nothing is kept, in no table and no log."""
    assert await mailbox.hand_in(parsed("こんにちは", to="info@reply.example.co.jp")) == "written"
    assert mailbox.rows(events)[0].send is None
    wrong = f"r+{'b' * 26}@reply.example.co.jp"
    assert await mailbox.hand_in(parsed("こんにちは", to=wrong, sender="stranger@example.com")) == "unknown"
    assert len(mailbox.rows(replies)) == 1
    told = capfd.readouterr()
    assert "@" not in told.out + told.err


@pytest.mark.parametrize(
    ("fields", "proven"),
    [
        ({"dkim": "{@example.co.jp : pass}"}, True),
        ({"dkim": "{@mail.example.co.jp : pass}"}, True),
        ({"dkim": "{@evil.example : pass, @example.co.jp : fail}"}, False),
        ({"dkim": "{@evilexample.co.jp : pass}"}, False),
        ({"dkim": "none"}, False),
        ({"dkim": "", "SPF": "pass"}, True),
        ({"dkim": "", "SPF": "softfail"}, False),
        ({"dkim": "", "SPF": "pass", "envelope": '{"to": ["x@y"], "from": "any@evil.example"}'}, False),
    ],
)
async def test_a_forged_sender_stops_nothing(mailbox: Mailbox, fields: dict[str, str], *, proven: bool) -> None:
    """Without the token of a mail only its From says whose it is; the letter is kept, and the timeline says why."""
    told = {**parsed("配信停止", to="info@reply.example.co.jp"), **fields}
    assert await mailbox.hand_in(told) == ("opt_out" if proven else "unproven")
    assert mailbox.why_shut("newsletter") == ("one_click" if proven else None)
    assert len(mailbox.rows(events)) == int(proven)
    assert [row.kind for row in mailbox.rows(replies)] == ["opt_out" if proven else "written"]
    assert [line.what for line in mailbox.rows(timeline)].count("reply_unproven") == int(not proven)


async def test_a_forged_sender_does_not_shut_the_address_of_somebody_else(mailbox: Mailbox) -> None:
    """Who has the token of a mail may stop the mails of its reader, and nobody else's."""
    told = parsed("配信停止", sender="victim@example.com", dkim="{@evil.example : pass}")
    assert await mailbox.hand_in(told) == "opt_out"
    assert mailbox.why_shut("newsletter") == "one_click"
    assert mailbox.why_shut("newsletter", "victim@example.com") is None
    assert "reply_unproven" in [line.what for line in mailbox.rows(timeline)]


async def test_who_wants_no_more_and_says_more_is_shut_and_read(mailbox: Mailbox) -> None:
    """Both: the address is shut at once, and sales hears of the rest."""
    assert await mailbox.hand_in(parsed("配信を停止してください。見積書はいつ届きますか。")) == "opt_out"
    assert mailbox.why_shut("seminars") == "one_click"
    assert [(each.type, each.properties) for each in mailbox.rows(events)][1] == ("replied", {"written": True})


async def test_a_mail_that_breaks_the_reader_is_answered_without_an_error(mailbox: Mailbox) -> None:
    """A 5xx would come again for three days."""
    mail = b"From: " + b"(" * 5_000 + b"\nTo: x@example.com\n\nhello"
    assert await mailbox.hand_in({"email": mail}) in {"malformed", "unknown"}


async def test_an_erased_lead_is_not_remembered_by_what_it_writes(mailbox: Mailbox) -> None:
    """Nothing of it is kept."""
    with writing(mailbox.process.engine) as connection:
        connection.execute(update(leads).values(status="erased", email=None))
    assert await mailbox.hand_in(parsed("こんにちは")) == "unknown"
    assert mailbox.rows(replies) == []


async def test_only_who_knows_the_secret_hands_in_mail(mailbox: Mailbox) -> None:
    """No other key opens the route, and the key opens no other route; it is kept as a hash."""
    kind = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    with writing(mailbox.process.engine) as connection:
        admin = api_keys.add(connection, "boss", "admin", datetime.now(UTC))
    for secret in ("guessed", admin):
        answer = await mailbox.process.anybody().post(
            f"/webhooks/inbound/{secret}", content=form(parsed("x")), headers=kind
        )
        assert answer.status_code == 401
    secret = mailbox.path.rpartition("/")[2]
    assert (await mailbox.process.anybody(secret).get("/api/leads")).status_code == 403
    assert mailbox.rows(replies) == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "multipart/form-data; boundary=x"),
        (b"{}", "application/json"),
        (b"no part at all", "multipart/form-data; boundary=x"),
        (form({"dkim": "x"}), f"multipart/form-data; boundary={BOUNDARY}"),
        (b"x", "multipart/form-data"),
    ],
)
async def test_what_can_never_be_read_is_not_asked_for_again(mailbox: Mailbox, content: bytes, kind: str) -> None:
    """2xx: the provider would try a 5xx for three days, and nothing would come of it."""
    answer = await mailbox.process.anybody().post(mailbox.path, content=content, headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["taken"]) == (200, "malformed")


async def test_a_mail_may_be_larger_than_other_requests_and_is_turned_away_above_30_mb(mailbox: Mailbox) -> None:
    """A picture in a signature must not silence who wants no more mail."""
    assert await mailbox.hand_in(parsed("配信停止"), {"attachment1": b"x" * MOST_BYTES}) == "opt_out"

    async def unmeasured() -> AsyncIterator[bytes]:
        for _ in range(31):
            yield b"x" * 1024**2

    for content in (b"x" * (MOST_BYTES_OF_MAIL + 1), unmeasured()):
        answer = await mailbox.process.anybody().post(mailbox.path, content=content)
        assert (answer.status_code, answer.json()["do"]) == (413, "send at most 30 MB at once")


async def test_the_reader_of_the_built_in_inbox_can_write_back(process: Process) -> None:
    """With a text as a mail that comes in, which is judged as any other; the quoted footer unsubscribes nobody."""
    await process.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    mailbox = Mailbox(process, "unused")
    message = _kept(process)
    answer = await process.client.post(f"/api/inbox/{message}/reply", json={"text": "お電話ください"})
    assert (answer.status_code, answer.json()["event"]) == (202, "reply")
    await process.client.post(f"/api/inbox/{message}/reply", json={"text": "不在です", "automatic": True})
    assert mailbox.why_shut("newsletter") is None
    await process.client.post(f"/api/inbox/{message}/reply", json={"text": "配信停止をお願いします"})
    assert [row.kind for row in mailbox.rows(replies)] == ["written", "automatic", "opt_out"]
    assert mailbox.why_shut("newsletter") == "one_click"
    assert len(mailbox.rows(suppressions)) == 1


def _kept(process: Process) -> str:
    from adapters.database.schema import inbox  # noqa: PLC0415 - one row by hand

    with writing(process.engine) as connection:
        connection.execute(
            insert(inbox).values(
                message="m1", to=ADDRESS, from_email="news@example.co.jp", subject="お知らせ", headers={}, links=[],
                text=f"こんにちは\n{FOOTER}", html="<p>こんにちは</p>", custom_args={}, at=datetime.now(UTC),
            )
        )  # fmt: skip
    return "m1"
