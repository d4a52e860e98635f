"""Sales is told of a task, over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from adapters.notification import HandoffNotice, Message, NotificationFailed, WebhookNotifier

NOTICE = HandoffNotice(
    id="lead_1/セミナー/1/引き継ぎ/1", lead="lead_1", queue="inside_sales", rep="rep_1", reasons=("score 120",)
)


class Receiver(ThreadingHTTPServer):
    """What a chat or CRM would be; answers `status`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = 204
        self.heard: list[tuple[str | None, dict[str, Any]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.headers.get("Idempotency-Key"), json.loads(body)))
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that runs for one test."""
    server = Receiver()
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_notice_says_what_waits_for_whom_and_where_to_look(receiver: Receiver) -> None:
    """Queue, rep, reasons, the lead's id and a link; the same key whenever it is repeated."""
    notifier = WebhookNotifier(receiver.url, public_url="https://nurture.example.co.jp/")
    notifier.notify(NOTICE)
    notifier.notify(NOTICE)
    (key, body), (again, _) = receiver.heard
    assert body["id"] == NOTICE.id
    assert (body["queue"], body["rep"], body["reasons"], body["lead"]) == (
        "inside_sales", "rep_1", ["score 120"], "lead_1",
    )  # fmt: skip
    assert body["links"]["lead"] == "https://nurture.example.co.jp/api/leads/lead_1"
    assert key == again
    assert key is not None
    assert key.isascii()


def test_a_message_of_a_scenario_is_passed_on(receiver: Receiver) -> None:
    """A `notify` step reaches the same receiver."""
    message = Message(key="lead_1/s/1/tell/1", lead="lead_1", to="rep_1", text="見てください")
    WebhookNotifier(receiver.url, public_url="https://nurture.example.co.jp").tell(message)
    ((_, body),) = receiver.heard
    assert (body["kind"], body["to"], body["text"]) == ("message", "rep_1", "見てください")


@pytest.mark.parametrize("status", [301, 400, 404, 500, 503])
def test_anything_but_2xx_is_to_be_tried_again(receiver: Receiver, status: int) -> None:
    """The notice counts as told only when its receiver says so."""
    receiver.status = status
    with pytest.raises(NotificationFailed, match=str(status)):
        WebhookNotifier(receiver.url, public_url="https://nurture.example.co.jp").notify(NOTICE)


def test_a_receiver_that_is_down_is_to_be_tried_again(receiver: Receiver) -> None:
    """A refused connection raises the same error."""
    url = receiver.url.replace(str(receiver.server_address[1]), "1")
    with pytest.raises(NotificationFailed):
        WebhookNotifier(url, public_url="https://nurture.example.co.jp").notify(NOTICE)


def test_without_a_url_the_log_is_all() -> None:
    """Nobody configured: nothing fails."""
    WebhookNotifier(None, public_url="https://nurture.example.co.jp").notify(NOTICE)
