"""Servers on 127.0.0.1 that behave as the ones sales works with: a receiver of one's own, Slack, HubSpot.

They keep what they took, whatever they answered, and refuse what the real ones refuse.
"""

from __future__ import annotations

import json
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request as it came in."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Said:
    """One answer. `lost`: it was done, and the connection breaks before anybody hears of it."""

    status: int = 200
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    lost: bool = False


class Double:
    """A server that runs as long as the block; `faults` are answered first, one for each request."""

    def __init__(self) -> None:
        self.faults: deque[Said] = deque()
        self.always: Said | None = None
        self.asked: list[Asked] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self._answer))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _answer(self, asked: Asked) -> Said:
        with self._lock:
            self.asked.append(asked)
            fault = self.faults.popleft() if self.faults else self.always
            if fault is not None and not fault.lost:
                return fault
            said = self.take(asked)
            return fault if fault is not None else said

    def take(self, asked: Asked) -> Said:
        """What it does with a request that no fault meets."""
        raise NotImplementedError


class Receiver(Double):
    """A program of one's own: it takes everything, and tells a repeat by the key."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Asked] = []

    def take(self, asked: Asked) -> Said:
        self.taken.append(asked)
        return Said(204)


class FakeSlack(Double):
    """An incoming webhook: `ok` for a message, 400 for what Block Kit does not allow, 404 once it is revoked."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []
        self.revoked = False

    @property
    def hook(self) -> str:
        return f"{self.url}/services/T000/B000/secret"

    def take(self, asked: Asked) -> Said:
        if self.revoked or asked.path != "/services/T000/B000/secret":
            return Said(404, "no_service")
        message = asked.json
        if not message.get("text"):
            return Said(400, "no_text")
        for block in message.get("blocks", []):
            if block["type"] == "header" and not 0 < len(block["text"]["text"]) <= 150:
                return Said(400, "invalid_blocks")
            if block["type"] == "section" and not 0 < len(block["text"]["text"]) <= 3000:
                return Said(400, "invalid_blocks")
        if len(message.get("blocks", [])) > 50:
            return Said(400, "invalid_blocks")
        self.messages.append(message)
        return Said(200, "ok")


class FakeHubSpot(Double):
    """CRM v3 and v4 as far as tasks need them. What is created is read at once by its id, and found never (it lags)."""

    TOKEN = "pat-fake"

    def __init__(self) -> None:
        super().__init__()
        self.contacts: dict[str, dict[str, str]] = {}
        self.second_addresses: dict[str, str] = {}
        self.owners: dict[str, str] = {}
        self.tasks: dict[str, dict[str, Any]] = {}
        self.tasks_of: dict[str, list[str]] = {}
        self.limited = 0

    def take(self, asked: Asked) -> Said:
        if asked.headers.get("authorization") != f"Bearer {self.TOKEN}":
            return _json(401, {"status": "error", "category": "INVALID_AUTHENTICATION", "message": "Authentication"})
        match (asked.method, asked.path.strip("/").split("/")):
            case "GET", ["crm", "v3", "objects", "contacts", name] if asked.query.get("idProperty") == "email":
                found = next((id_ for id_, known in self.contacts.items() if known["email"] == unquote(name)), None)
                return _json(200, {"id": found}) if found else _json(404, {"status": "error", "category": "NOT_FOUND"})
            case "POST", ["crm", "v3", "objects", "contacts"]:
                return self._create_contact(asked.json["properties"])
            case "POST", ["crm", "v3", "objects", "contacts", "search"]:
                return _json(200, {"total": 0, "results": []})
            case "GET", ["crm", "v3", "owners"]:
                owner = self.owners.get(asked.query.get("email", ""))
                return _json(200, {"results": [{"id": owner}] if owner else []})
            case "POST", ["crm", "v3", "objects", "tasks"]:
                return self._create_task(asked.json)
            case "POST", ["crm", "v3", "objects", "tasks", "batch", "read"]:
                read = [{"id": each["id"], "properties": self.tasks[each["id"]]} for each in asked.json["inputs"]]
                return _json(200, {"status": "COMPLETE", "results": read})
            case "GET", ["crm", "v4", "objects", "contacts", contact, "associations", "tasks"]:
                own = [{"toObjectId": int(task)} for task in self.tasks_of.get(contact, [])]
                return _json(200, {"results": own})
        return _json(404, {"status": "error", "message": "no such route"})

    def _create_contact(self, properties: dict[str, str]) -> Said:
        email = properties["email"]
        known = self.second_addresses.get(email) or next(
            (id_ for id_, each in self.contacts.items() if each["email"] == email), None
        )
        if known is not None:
            message = f"Contact already exists. Existing ID: {known}"
            return _json(409, {"status": "error", "category": "CONFLICT", "message": message})
        id_ = str(1000 + len(self.contacts))
        self.contacts[id_] = properties
        return _json(201, {"id": id_, "properties": properties})

    def _create_task(self, body: dict[str, Any]) -> Said:
        properties = body["properties"]
        if "hs_timestamp" not in properties:
            return _json(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "hs_timestamp"})
        id_ = str(9000 + len(self.tasks))
        self.tasks[id_] = properties
        for each in body.get("associations", []):
            if each["types"] != [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 204}]:
                return _json(400, {"status": "error", "category": "VALIDATION_ERROR", "message": "no such association"})
            self.tasks_of.setdefault(str(each["to"]["id"]), []).append(id_)
        return _json(201, {"id": id_, "properties": properties})


def _json(status: int, body: Any) -> Said:
    return Said(status, json.dumps(body), {"Content-Type": "application/json"})


def _handler(answer: Callable[[Asked], Said]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._serve()

        def do_POST(self) -> None:
            self._serve()

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = answer(Asked(self.command, parts.path, query, headers, body))
            if said.lost:
                self.close_connection = True
                return
            self.send_response(said.status)
            for name, value in said.headers.items():
                self.send_header(name, value)
            content = said.body.encode()
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler
