"""The built-in provider, over real HTTP: it takes mail as SendGrid does and tells what became of it to the webhook."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from pydantic import SecretStr
from sqlalchemy import Engine, select
from starlette.middleware.sessions import SessionMiddleware

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.database.schema import events, suppressions, webhook_outbox
from adapters.mail.disorder import Disorder
from adapters.mail.inbox import Inbox
from adapters.mail.outbox import Outbox
from adapters.mail.port import Accepted, Mail, Refused
from adapters.mail.provider import mailer_of, webhook_keys
from adapters.mail.sendgrid import SendGridMailer, request_body
from adapters.mail.sink import sink_api_key
from adapters.mail.webhook import EVIDENCE, parse
from adapters.settings import Settings
from web import inbox, problems, sink, webhooks
from web.context import Nurture
from web.security import BodyLimit, SafeHeaders

LINKS = ("https://nurture.example.co.jp/a?x=1&y=2", "https://nurture.example.co.jp/b")
UNSUBSCRIBE = "https://nurture.example.co.jp/u/token"
MAIL = Mail(
    to="hanako@example.co.jp",
    to_name="架空 花子",
    from_email="news@example.co.jp",
    from_name="見本",
    subject="<b>件名</b>",
    text="本文",
    html=f'<!DOCTYPE html><html><body><script>alert(1)</script><p>本文</p><a href="{LINKS[0].replace("&", "&amp;")}">A'
    f'</a> <a href="{LINKS[1]}">B</a> <a href="https://nurture.example.co.jp/mail/hidden" style="display:none"></a>'
    f' <a clicktracking="off" href="{UNSUBSCRIBE}">停止</a></body></html>',
    send_key="lead_1/セミナー/1/案内/1",
    headers={"List-Unsubscribe": f"<{UNSUBSCRIBE}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"},
)


class Web:
    """The sink, its inbox and the webhook of one web process, on a port of 127.0.0.1."""

    def __init__(self, engine: Engine, home: Path, *, disorder: Disorder | None = None, told: bool = True) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.settings = Settings(home=home, web=f"127.0.0.1:{port}")
        self.engine = engine
        self.url = self.settings.web_url
        nurture = Nurture(engine=engine, clock=Clock(engine), settings=self.settings, store=DeploymentStore(engine))

        @asynccontextmanager
        async def lifespan(app: FastAPI) -> Any:
            if not told:
                yield
                return
            async with sink.running_outbox(app, nurture, disorder):
                yield

        app = FastAPI(lifespan=lifespan)
        app.state.nurture = nurture
        problems.install(app)
        app.add_middleware(BodyLimit)
        app.add_middleware(SessionMiddleware, secret_key="test")
        app.add_middleware(SafeHeaders)
        for router in (sink.router, inbox.api, inbox.pages, webhooks.router):
            app.include_router(router)
        config = uvicorn.Config(
            sink.HangsUp(app), host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=1
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def start(self) -> None:
        self._thread.start()
        eventually(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    @property
    def mailer(self) -> SendGridMailer:
        made = mailer_of(self.settings, self.engine)
        assert isinstance(made, SendGridMailer)
        return made

    def get(self, path: str, **query: Any) -> httpx.Response:
        return httpx.get(self.url + path, params=query, trust_env=False, timeout=10)

    def post(self, path: str, **given: Any) -> httpx.Response:
        return httpx.post(self.url + path, trust_env=False, timeout=10, **given)

    def send(self, mail: Mail = MAIL) -> str:
        """Send a mail; its id in the inbox."""
        answer = self.mailer.send(mail)
        assert isinstance(answer, Accepted)
        return answer.message_id

    def types(self) -> list[str]:
        """The types of all events the webhook has stored, without those that only prove a mail was taken."""
        with self.engine.connect() as connection:
            told = connection.execute(select(events.c.type).order_by(events.c.id)).scalars()
            return [each for each in told if each != EVIDENCE]


def eventually(holds: Callable[[], bool], within: float = 15.0) -> None:
    """Wait until it holds."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come about"
        time.sleep(0.02)


@pytest.fixture
def web(engine: Engine, tmp_path: Path) -> Iterator[Web]:
    """A web process that tells the sink's events to its own webhook."""
    running = Web(engine, tmp_path)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def silent(engine: Engine, tmp_path: Path) -> Iterator[Web]:
    """The same without the thread that tells events."""
    running = Web(engine, tmp_path, told=False)
    running.start()
    yield running
    running.stop()


def waiting(engine: Engine) -> list[dict[str, Any]]:
    """The events not told yet."""
    with engine.connect() as connection:
        return list(connection.execute(select(webhook_outbox.c.event).order_by(webhook_outbox.c.id)).scalars())


# --- taking mail ----------------------------------------------------------------------------------------------------


def test_a_mail_sent_is_a_mail_in_the_inbox(web: Web) -> None:
    """The API shows it whole: address, subject, own headers, both parts, the visible links in order."""
    message = web.send()
    (item,) = web.get("/api/inbox", to="HANAKO@example.co.jp").json()["items"]
    assert item["id"] == message
    assert (item["to"], item["subject"], item["text"], item["html"]) == (MAIL.to, MAIL.subject, MAIL.text, MAIL.html)
    assert item["headers"]["List-Unsubscribe"] == f"<{UNSUBSCRIBE}>"
    assert item["links"] == [*LINKS, UNSUBSCRIBE]
    assert item["custom_args"] == {"nurture_send": MAIL.send_key}
    assert item["at"].endswith("Z")


def test_a_delivered_mail_is_told_to_the_webhook(web: Web) -> None:
    """The webhook hears of the delivery with the send key, signed by the sink's own key."""
    web.send()
    eventually(lambda: web.types() == ["delivered"])
    eventually(lambda: waiting(web.engine) == [])
    with web.engine.connect() as connection:
        row = connection.execute(select(events).where(events.c.type == "delivered")).one()
    assert row.send == MAIL.send_key


@pytest.mark.parametrize("key", [None, "Bearer wrong", "Basic x", "Bearer", "Bearer あ"])
def test_without_its_key_the_sink_takes_nothing(web: Web, key: str | None) -> None:
    """Nobody but the worker can make up mails, or events about them."""
    headers = {"Authorization": key.encode()} if key else {}
    answer = web.post("/sink/v3/mail/send", json=request_body(MAIL), headers=headers)
    assert answer.status_code == 401
    assert answer.json()["errors"][0]["message"]
    assert web.get("/sink/v3/messages", query="x").status_code == 401
    assert web.get("/api/inbox").json()["items"] == []


def _changed(**top: Any) -> dict[str, Any]:
    return {key: value for key, value in {**request_body(MAIL), **top}.items() if value is not ...}


def _block(**changed: Any) -> dict[str, Any]:
    return _changed(personalizations=[{**request_body(MAIL)["personalizations"][0], **changed}])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{", None),
        (b"[]", None),
        (_changed(personalizations=[]), "personalizations"),
        (_changed(personalizations=...), "personalizations"),
        (_changed(**{"from": {"name": "x"}}), "from.email"),
        (_changed(**{"from": "a@example.jp"}), "from"),
        (_changed(subject=""), "subject"),
        (_changed(content=[]), "content"),
        (_changed(content=[{"type": "text/html", "value": "a"}, {"type": "text/plain", "value": "b"}]), "content"),
        (_changed(content=[{"type": "text/plain", "value": ""}]), "content.0.value"),
        (_changed(to="a@example.jp"), "to"),
        (_block(to=[]), "personalizations.0.to"),
        (_block(to=[{"email": "nobody"}]), "personalizations.0.to.0.email"),
        (_block(to=[{"email": "a@example.jp", "name": "株式会社,架空"}]), "personalizations.0.to.0.name"),
        (_block(to=[{"email": "a@example.jp"}, {"email": "A@example.jp"}]), "personalizations.0.to"),
        (_block(custom_args={"n": 5}), "personalizations.0.custom_args"),
        (_block(custom_args={"n": "x" * 10_000}), "personalizations.0.custom_args"),
        (_block(headers={"Subject": "x"}), "personalizations.0.headers.Subject"),
        (_changed(subject="a\0b"), None),
    ],
)
def test_what_sendgrid_would_refuse_is_refused(web: Web, body: Any, field: str | None) -> None:
    """400 with SendGrid's shape of errors, the field named; nothing is kept."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    key = sink_api_key(web.engine)
    answer = web.post("/sink/v3/mail/send", content=content, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 400
    (error,) = answer.json()["errors"]
    assert set(error) == {"message", "field", "help"}
    assert error["field"] == field
    assert web.get("/api/inbox").json()["items"] == []


def test_the_mailer_reads_the_sinks_refusal(web: Web) -> None:
    """A bad address is refused for this mail, with the provider's words."""
    answer = web.mailer.send(replace(MAIL, to="nobody"))
    assert isinstance(answer, Refused)
    assert "personalizations.0.to.0.email" in answer.reason


def test_the_sink_finds_a_send_again(web: Web) -> None:
    """A lookup is complete: what is not found was never taken."""
    web.send()
    assert web.mailer.lookup(MAIL.send_key) == "accepted"
    assert web.mailer.lookup("lead_1/セミナー/1/案内/2") == "absent"


@pytest.mark.parametrize(
    ("address", "stored", "shut"),
    [("bounce-1@example.co.jp", ["bounced"], 1), ("blocked@example.co.jp", ["blocked"], 0)],
)
def test_some_addresses_show_what_fails(web: Web, address: str, stored: list[str], shut: int) -> None:
    """`bounce…` comes back for good and shuts the address; `blocked…` is turned away for now and does not."""
    message = web.send(replace(MAIL, to=address))
    eventually(lambda: waiting(web.engine) == [])
    assert web.types() == stored
    with web.engine.connect() as connection:
        assert len(connection.execute(select(suppressions)).all()) == shut
    assert web.post(f"/api/inbox/{message}/open").status_code == 409
    assert web.get("/api/inbox").json()["items"][0]["delivered"] is False


# --- what readers do ------------------------------------------------------------------------------------------------


def test_everything_a_reader_does_is_told_in_the_providers_shape(silent: Web) -> None:
    """Each action makes one event that the webhook's reader understands, with whole seconds and the send key."""
    message = silent.send()
    before = len(waiting(silent.engine))
    acts: list[tuple[str, Any, str]] = [
        ("open", None, "opened"),
        ("click", {"url": LINKS[0]}, "clicked"),
        ("reply", None, "replied"),
        ("unsubscribe", None, "unsubscribed"),
        ("unsubscribe", {"scope": "topic"}, "unsubscribed"),
        ("spam", None, "spam_reported"),
        ("bounce", None, "bounced"),
    ]
    for action, body, _ in acts:
        answer = silent.post(f"/api/inbox/{message}/{action}", json=body)
        assert answer.status_code == 202, answer.text
    told = waiting(silent.engine)[before:]
    read = parse(json.dumps(told).encode())
    assert [event.type for event in read.events] == [word for _, _, word in acts]
    assert {event.send for event in read.events} == {MAIL.send_key}
    assert [event.suppresses for event in read.events[3:5]] == ["all", "topic"]
    assert read.events[1].url == LINKS[0]
    assert all(isinstance(event["timestamp"], int) for event in told)
    assert len({event["sg_event_id"] for event in told}) == len(told)


def test_a_machine_can_open_too(silent: Web) -> None:
    """`{"machine": true}` opens as a program that loads every mail."""
    message = silent.send()
    silent.post(f"/api/inbox/{message}/open", json={"machine": True})
    assert waiting(silent.engine)[-1]["sg_machine_open"] is True


def test_the_unsubscribe_link_is_followed_without_being_counted(silent: Web) -> None:
    """The mail asks for that, as it asks SendGrid."""
    message = silent.send()
    before = waiting(silent.engine)
    answer = silent.post(f"/api/inbox/{message}/click", json={"url": UNSUBSCRIBE})
    assert (answer.status_code, answer.json()["event"]) == (202, None)
    assert waiting(silent.engine) == before


@pytest.mark.parametrize("body", [None, {}, {"url": "javascript:alert(1)"}, {"url": 5}, {"url": LINKS[0], "x": 1}])
def test_a_click_without_an_address_is_refused(silent: Web, body: Any) -> None:
    """422 as a problem that says where."""
    message = silent.send()
    answer = silent.post(f"/api/inbox/{message}/click", json=body)
    assert answer.status_code == 422
    assert answer.json()["where"]


def test_an_unknown_mail_is_not_found(silent: Web) -> None:
    """404 as a problem that says what to do."""
    for path in ("/open", "/reply", "/spam", "/unsubscribe"):
        answer = silent.post(f"/api/inbox/nothing{path}")
        assert answer.status_code == 404
        assert "GET /api/inbox" in answer.json()["do"]
    assert silent.get("/inbox/nothing").status_code == 404


def test_the_inbox_is_listed_in_pages_and_since_an_instant(silent: Web) -> None:
    """Oldest first; `next` leads on with the same filter; `since` includes its own instant."""
    sent = [silent.send(replace(MAIL, send_key=f"k{n}")) for n in range(5)]
    silent.send(replace(MAIL, to="other@example.co.jp"))
    seen = []
    following = f"/api/inbox?to={MAIL.to}&limit=2"
    while following:
        page = silent.get(following) if "?" not in following else httpx.get(silent.url + following, trust_env=False)
        seen += page.json()["items"]
        following = page.json()["next"]
    assert [item["id"] for item in seen] == sent
    later = silent.get("/api/inbox", since=seen[3]["at"], to=MAIL.to).json()["items"]
    assert [item["id"] for item in later] == sent[3:]
    assert silent.get("/api/inbox", since="yesterday").status_code == 422
    assert silent.get("/api/inbox", since="2026-12-01T09:00:00+09:00").status_code == 200
    assert silent.get("/api/inbox?since=2026-12-01T09:00:00+09:00").status_code == 200
    assert silent.get("/api/inbox", cursor="!!").status_code == 422


def test_forgetting_an_address_leaves_nothing_of_it(silent: Web) -> None:
    """Mails and events not told yet go; those of others stay."""
    silent.send()
    silent.send(replace(MAIL, to="other@example.co.jp"))
    assert Inbox(silent.engine, Clock(silent.engine)).forget("Hanako@example.co.jp") == 1
    assert [item["to"] for item in silent.get("/api/inbox").json()["items"]] == ["other@example.co.jp"]
    assert {event["email"] for event in waiting(silent.engine)} == {"other@example.co.jp"}


# --- telling events -------------------------------------------------------------------------------------------------


def test_events_survive_the_web_process(engine: Engine, tmp_path: Path) -> None:
    """What was not told before the process ended is told by the next one."""
    first = Web(engine, tmp_path, told=False)
    first.start()
    first.send()
    first.stop()
    assert len(waiting(engine)) == 2
    second = Web(engine, tmp_path)
    second.start()
    try:
        eventually(lambda: second.types() == ["delivered"])
        eventually(lambda: waiting(engine) == [])
    finally:
        second.stop()


def test_an_absent_webhook_loses_no_event(silent: Web, engine: Engine) -> None:
    """As long as nobody answers, events are kept and tried again; then they are told."""
    silent.send()
    outbox = Outbox(engine, "http://127.0.0.1:1/webhooks/sendgrid")
    outbox.start()
    tries = select(webhook_outbox.c.tries)

    def tried_twice() -> bool:
        with engine.connect() as connection:
            return min(connection.execute(tries).scalars(), default=0) >= 2

    eventually(tried_twice)
    outbox.stop()
    assert len(waiting(engine)) == 2
    assert silent.types() == []
    again = Outbox(engine, f"{silent.url}/webhooks/sendgrid")
    again.start()
    try:
        eventually(lambda: silent.types() == ["delivered"])
        eventually(lambda: again.waiting() == 0)
    finally:
        again.stop()


def test_untidy_telling_counts_every_event_once(engine: Engine, tmp_path: Path) -> None:
    """Copies under other ids and in another order make no more events than there were."""
    disorder = Disorder(copies=3, rekey=True, shuffle=7, delay=timedelta(milliseconds=100))
    web = Web(engine, tmp_path, disorder=disorder)
    web.start()
    try:
        message = web.send()
        web.post(f"/api/inbox/{message}/open")
        web.post(f"/api/inbox/{message}/reply")
        eventually(lambda: waiting(engine) == [])
        assert sorted(web.types()) == ["delivered", "opened", "replied"]
    finally:
        web.stop()


def test_a_hundred_mails_at_once_are_all_told(web: Web) -> None:
    """Sixteen threads send; every delivery arrives."""
    with ThreadPoolExecutor(16) as threads:
        sent = list(threads.map(lambda n: web.send(replace(MAIL, send_key=f"k{n}")), range(100)))
    assert len(set(sent)) == 100
    eventually(lambda: len(web.types()) == 100)


def test_the_sinks_key_is_not_believed_where_mail_is_real(engine: Engine, tmp_path: Path) -> None:
    """With SendGrid as the provider only the keys of the settings sign events."""
    real = Settings(home=tmp_path, mail="sendgrid", sendgrid_api_key=SecretStr("SG.x"))
    assert webhook_keys(real, engine) == ()
    assert len(webhook_keys(Settings(home=tmp_path), engine)) == 1


# --- pages ----------------------------------------------------------------------------------------------------------


def test_an_empty_inbox_says_what_to_do(silent: Web) -> None:
    """In Japanese by default, in English where asked for."""
    assert "まだメールは届いていません" in silent.get("/inbox").text
    assert "No mail has come yet" in silent.get("/inbox", lang="en").text
    english = httpx.get(f"{silent.url}/inbox", headers={"Accept-Language": "en-GB,en;q=0.9"}, trust_env=False)
    assert '<html lang="en">' in english.text
    assert "No mail fits" in silent.get("/inbox", lang="en", to="x@example.co.jp").text


def test_the_inbox_page_lists_newest_first_in_pages(silent: Web) -> None:
    """Thirty on a page, an older page behind it; subjects are text."""
    for n in range(31):
        silent.send(replace(MAIL, subject=f"<i>件名 {n}</i>", send_key=f"k{n}"))
    page = silent.get("/inbox").text
    assert "&lt;i&gt;件名 30&lt;/i&gt;" in page
    assert "<i>" not in page
    assert "件名 0&lt;" not in page
    older = re.search(r'href="([^"]*cursor=[^"]*)"', page)
    assert older
    second = httpx.get(silent.url + unescape(older[1]), trust_env=False).text
    assert "件名 0&lt;" in second
    assert "新しいメールへ" in second


def test_looking_at_a_mail_opens_it(silent: Web) -> None:
    """The page tells one open; reading it in another language or after a button does not tell another."""
    message = silent.send()
    page = silent.get(f"/inbox/{message}").text
    assert [event["event"] for event in waiting(silent.engine)][2:] == ["open"]
    other = re.search(r'href="(/inbox/[^"]*lang=en[^"]*)"', page)
    assert other
    assert "Plain text" in httpx.get(silent.url + unescape(other[1]), trust_env=False).text
    assert len(waiting(silent.engine)) == 3


def test_a_mail_is_shown_without_power(silent: Web) -> None:
    """Its HTML stands in a frame without scripts; subject and text are text."""
    page = silent.get(f"/inbox/{silent.send()}").text
    assert "<script>" not in page
    assert "&lt;b&gt;件名&lt;/b&gt;" in page
    frame = re.search(r"<iframe[^>]*>", page)
    assert frame
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame[0]
    assert "allow-scripts" not in frame[0]
    assert "allow-same-origin" not in frame[0]


def test_links_of_a_shown_mail_tell_the_click_and_lead_on(silent: Web) -> None:
    """Each link of the frame goes through the inbox, which tells the click and redirects to the address itself."""
    page = silent.get(f"/inbox/{silent.send()}").text
    frame = re.search(r'srcdoc="([^"]*)"', page)
    assert frame
    hrefs = [unescape(href) for href in re.findall(r'href="([^"]*)"', unescape(frame[1]))]
    assert len(hrefs) == 4
    answer = httpx.get(silent.url + hrefs[0], trust_env=False)
    assert (answer.status_code, answer.headers["location"]) == (303, LINKS[0])
    last = waiting(silent.engine)[-1]
    assert (last["event"], last["url"]) == ("click", LINKS[0])
    assert httpx.get(silent.url + hrefs[3], trust_env=False).headers["location"] == UNSUBSCRIBE
    assert waiting(silent.engine)[-1] == last


def test_the_inbox_leads_nowhere_else(silent: Web) -> None:
    """An address that is no link of the mail is not redirected to."""
    message = silent.send()
    answer = silent.get(f"/inbox/{message}/click", url="https://elsewhere.example.com/")
    assert answer.status_code == 404
    assert [event["event"] for event in waiting(silent.engine)] == ["processed", "delivered"]


@pytest.mark.parametrize(
    ("action", "event"),
    [
        ("reply", "reply"),
        ("spam", "spamreport"),
        ("unsubscribe", "group_unsubscribe"),
        ("unsubscribe_all", "unsubscribe"),
    ],
)
def test_the_buttons_tell_what_they_say(silent: Web, action: str, event: str) -> None:
    """Each button tells its event and comes back with a word, without opening the mail again."""
    message = silent.send()
    answer = silent.post(f"/inbox/{message}/{action}?lang=en", data={"csrf_token": ""})
    assert answer.status_code == 303
    page = httpx.get(silent.url + answer.headers["location"], trust_env=False).text
    assert "was reported" in page
    assert [each["event"] for each in waiting(silent.engine)][2:] == [event]
