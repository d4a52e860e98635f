"""A mail provider that misbehaves on demand, as a real HTTP server; it counts what it took, whatever it answered.

    python -m tests.mail.fake_provider --port 8090 --webhook http://127.0.0.1:8080/webhooks/sendgrid

speaks Mail Send v3 for `NURTURE_MAIL=sendgrid NURTURE_SENDGRID_HOST=http://127.0.0.1:8090` and prints the public key
for `NURTURE_SENDGRID_WEBHOOK_KEYS`. Faults are queued with `POST /faults`, one JSON list of the names below.
"""

from __future__ import annotations

import argparse
import json
import secrets
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal, Self
from urllib.parse import parse_qs, urlsplit

import httpx

from adapters.mail import mail_request
from adapters.mail.disorder import TIDY, Disorder
from adapters.mail.outbox import Signer, body_of
from adapters.mail.port import SEND_KEY_ARGUMENT

Kind = Literal[
    "answer",  # the status below, the mail is not taken
    "stall",  # the mail is taken, no answer comes for `stall_for`
    "drop",  # the mail is taken, the connection is closed without an answer
    "drop_untaken",  # the connection is closed without an answer, the mail is not taken
    "half",  # the mail is taken, the answer breaks off inside its status
]


@dataclass(frozen=True)
class Fault:
    """How one request goes wrong."""

    kind: Kind = "answer"
    status: int = 500
    body: bytes = b'{"errors":[{"message":"made to fail","field":null,"help":null}]}'
    reset_after: timedelta | None = None
    """For 429: when X-RateLimit-Reset says that it is over."""
    location: str | None = None
    """For 3xx."""

    @classmethod
    def named(cls, name: str) -> Fault:
        """`stall`, `drop`, `drop_untaken`, `half`, or a status such as `503`."""
        if name.isdigit():
            return cls(status=int(name), reset_after=timedelta(seconds=2) if name == "429" else None)
        return cls(kind=name)  # type: ignore[arg-type]  # a wrong name fails at its use


class FakeProvider:
    """The server; a context manager. `webhook` None: nothing is told."""

    def __init__(
        self,
        *,
        port: int = 0,
        webhook: str | None = None,
        disorder: Disorder = TIDY,
        stall_for: timedelta = timedelta(seconds=30),
    ) -> None:
        self.signer = Signer.new()
        self.taken: list[mail_request.RequestedMail] = []
        self.erased: list[str] = []
        self.requests: list[dict[str, Any]] = []
        self.faults: deque[Fault | None] = deque()
        self.authorizations: list[str | None] = []
        self.lists: dict[str, list[dict[str, Any]]] = {}
        """The suppression lists by the end of their path, as `bounces`; `asm` is that of the groups."""
        self.asked: list[str] = []
        """The lists that were asked for, each with its query."""
        self.disorder = disorder
        self._webhook = webhook
        self._released = threading.Event()
        self._stall_for = stall_for
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def host(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def public_key(self) -> str:
        return self.signer.public_key

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def fail_next(self, *faults: Fault | None) -> None:
        """Queue faults for the next requests, one each; None lets one pass."""
        self.faults.extend(faults)

    def keys(self) -> Counter[str]:
        """How often each send key was taken."""
        with self._lock:
            return Counter(mail.custom_args.get(SEND_KEY_ARGUMENT, "") for mail in self.taken)

    def tell(self, events: Sequence[Mapping[str, Any]], *, webhook: str | None = None) -> httpx.Response:
        """Post one signed batch, untidied by `disorder`."""
        to = webhook or self._webhook
        if to is None:
            raise ValueError("this provider has no webhook")
        body = body_of(self.disorder.of(events))
        return httpx.post(to, content=body, headers=self.signer.headers(body), timeout=10, trust_env=False)

    # --- what the handler asks ---

    def next_fault(self) -> Fault | None:
        with self._lock:
            return self.faults.popleft() if self.faults else None

    def take(self, mails: Iterable[mail_request.RequestedMail], request: dict[str, Any]) -> None:
        with self._lock:
            self.taken.extend(mails)
            self.requests.append(request)

    def stall(self) -> None:
        self._released.wait(self._stall_for.total_seconds())

    def tell_of(self, mails: Sequence[mail_request.RequestedMail], message: str) -> None:
        if self._webhook is None:
            return
        now = int(datetime.now(UTC).timestamp())
        events = [
            event_of(mail.custom_args[SEND_KEY_ARGUMENT], name, email=mail.to.email, timestamp=now, message=message)
            for mail in mails
            for name in ("processed", "delivered")
        ]
        threading.Thread(target=self._tell_until_taken, args=(events,), daemon=True).start()

    def _tell_until_taken(self, events: Sequence[Mapping[str, Any]]) -> None:
        time.sleep(self.disorder.delay.total_seconds())
        while not self._released.is_set():
            with suppress(httpx.HTTPError):
                if self.tell(events).is_success:
                    return
            time.sleep(0.2)


def event_of(
    send_key: str, event: str, *, email: str, timestamp: int, message: str = "m", **more: Any
) -> dict[str, Any]:
    """One event in the provider's shape."""
    return {
        SEND_KEY_ARGUMENT: send_key,
        "email": email,
        "timestamp": timestamp,
        "event": event,
        "sg_event_id": secrets.token_urlsafe(16),
        "sg_message_id": f"{message}.fake",
        "smtp-id": f"<{message}@provider.example>",
        "category": "nurture",
        **more,
    }


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], provider: FakeProvider) -> None:
        super().__init__(address, _Handler)
        self.provider = provider


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:  # the library's name
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        provider = self.server.provider
        if self.path == "/faults":
            provider.fail_next(*(Fault.named(name) for name in json.loads(body)))
            self._answer(200, b"{}")
            return
        provider.authorizations.append(self.headers.get("Authorization"))
        fault = provider.next_fault()
        if fault is not None and fault.kind == "answer":
            self._answer(fault.status, fault.body, fault)
            return
        if fault is not None and fault.kind == "drop_untaken":
            self._drop()
            return
        if self.path == "/v3/recipients/erasejob":
            self._erase(body, fault)
            return
        mails, faults = mail_request.read(body)
        if faults:
            self._answer(400, json.dumps({"errors": [each.as_json() for each in faults]}).encode())
            return
        message = secrets.token_urlsafe(16)
        provider.take(mails, json.loads(body))
        provider.tell_of(mails, message)
        match fault:
            case None:
                self._answer(202, b"", message=message)
            case Fault(kind="stall"):
                provider.stall()
                self._drop()
            case Fault(kind="half"):
                self.wfile.write(b"HTTP/1.1 2")
                self._drop()
            case Fault():
                self._drop()

    def _erase(self, body: bytes, fault: Fault | None) -> None:
        asked = json.loads(body)
        addresses = asked.get("email_addresses") if asked.keys() == {"email_addresses"} else None
        if not isinstance(addresses, list) or not 1 <= len(addresses) <= 5000:
            self._answer(400, b'{"errors":[{"message":"email_addresses is required","field":"email_addresses"}]}')
            return
        self.server.provider.erased.extend(addresses)
        if fault is not None:
            self._drop()
            return
        self._answer(202, json.dumps({"job_id": secrets.token_hex(16)}).encode())

    def do_GET(self) -> None:  # the library's name
        provider = self.server.provider
        if self.path == "/taken":
            self._answer(200, json.dumps(provider.keys()).encode())
            return
        provider.authorizations.append(self.headers.get("Authorization"))
        fault = provider.next_fault()
        if fault is not None:
            self._answer(fault.status, fault.body, fault)
            return
        if self.path.startswith(("/v3/suppression/", "/v3/asm/")):
            self._list()
            return
        query = parse_qs(urlsplit(self.path).query).get("query", [""])[0]
        taken = provider.keys()
        found = [key for key in taken if query == f"unique_args['{SEND_KEY_ARGUMENT}']=\"{key}\""]
        self._answer(200, json.dumps({"messages": [{"msg_id": key} for key in found]}).encode())

    def _list(self) -> None:
        """A page of a suppression list: `start_time` and `end_time` are included; the list of groups knows neither."""
        asked = urlsplit(self.path)
        self.server.provider.asked.append(self.path)
        entries = self.server.provider.lists.get("asm" if "/asm/" in asked.path else asked.path.rpartition("/")[2], [])
        if "/asm/" not in asked.path:
            query = {name: int(value[0]) for name, value in parse_qs(asked.query).items()}
            first, last = query.get("start_time", 0), query.get("end_time", 1 << 40)
            begin, most = query.get("offset", 0), min(query.get("limit", 500), 500)
            entries = [each for each in entries if first <= each["created"] <= last][begin : begin + most]
        self._answer(200, json.dumps(entries).encode())

    def _answer(self, status: int, body: bytes, fault: Fault | None = None, message: str | None = None) -> None:
        self.send_response(status)
        if message is not None:
            self.send_header("X-Message-Id", message)
        if fault is not None and fault.reset_after is not None:
            self.send_header("X-RateLimit-Reset", str(int(time.time() + fault.reset_after.total_seconds())))
        if fault is not None and fault.location is not None:
            self.send_header("Location", fault.location)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drop(self) -> None:
        self.close_connection = True
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: tests read results, not logs."""


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--webhook")
    parser.add_argument("--copies", type=int, default=1, help="how often each event is told, with another id each time")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds before events are told")
    parser.add_argument("--shuffle", type=int, help="seed of a random order of the events")
    asked = parser.parse_args()
    disorder = Disorder(
        copies=asked.copies, rekey=asked.copies > 1, shuffle=asked.shuffle, delay=timedelta(seconds=asked.delay)
    )
    with FakeProvider(port=asked.port, webhook=asked.webhook, disorder=disorder) as provider:
        print(provider.public_key, flush=True)  # noqa: T201  # its one output
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
