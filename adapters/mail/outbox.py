"""Tells the sink's events to the webhook, signed, until each is acknowledged; refuses to read what they say.

The events stand in the database before anybody hears of them, so a process that is killed loses none. One may be told
twice, as providers do.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)
from sqlalchemy import Engine, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.engine import reading, writing
from adapters.database.schema import webhook_outbox
from adapters.mail.disorder import TIDY, Disorder, Signing, disorder_of, lateness_of
from adapters.mail.faults import Faults
from adapters.mail.keys import kept_secret
from adapters.mail.webhook import SIGNATURE_HEADER, TIMESTAMP_HEADER

_log = structlog.get_logger()

LARGEST_BATCH = 500
FIRST_DELAY = timedelta(seconds=0.5)
LONGEST_DELAY = timedelta(seconds=60)
POLL = timedelta(seconds=0.5)
GATHER = timedelta(milliseconds=100)
"""How long what is told next may gather: a provider tells many events at once, not each in a request of its own."""
TIMEOUT = timedelta(seconds=10)


class Signer:
    """Signs bodies as SendGrid does: ECDSA on P-256 over the timestamp and the body."""

    def __init__(self, key: EllipticCurvePrivateKey) -> None:
        self._key = key

    @classmethod
    def of(cls, engine: Engine) -> Signer:
        """With the sink's key pair, kept in the database and made there on first use."""
        return _signer_with(kept_secret(engine, "sink_signing", lambda: cls.new().private))

    @classmethod
    def new(cls) -> Signer:
        """With a fresh key pair."""
        return cls(generate_private_key(SECP256R1()))

    @classmethod
    def with_private(cls, content: bytes) -> Signer:
        """With a private key in PKCS 8 (DER)."""
        key = load_der_private_key(content, password=None)
        if not isinstance(key, EllipticCurvePrivateKey):
            raise TypeError("the sink's signing key is not one on an elliptic curve")
        return cls(key)

    @property
    def private(self) -> bytes:
        return self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())

    @cached_property
    def public_key(self) -> str:
        """For the verifier: base64 SPKI, as the provider's settings page shows it."""
        spki = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(spki).decode()

    def headers(self, body: bytes, timestamp: str | None = None) -> dict[str, str]:
        """The headers of a signed request; `timestamp` is that of the signature, by default now in real seconds."""
        timestamp = timestamp or str(int(time.time()))
        signature = self._key.sign(timestamp.encode() + body, ECDSA(hashes.SHA256()))
        return {
            SIGNATURE_HEADER: base64.b64encode(signature).decode(),
            TIMESTAMP_HEADER: timestamp,
            "Content-Type": "application/json",
        }


@lru_cache(maxsize=64)
def _signer_with(private: bytes) -> Signer:
    """Read once: every webhook asks for the public key."""
    return Signer.with_private(private)


def public_key(engine: Engine) -> str:
    """The key by which the webhook knows the sink's events (base64 SPKI)."""
    return Signer.of(engine).public_key


def body_of(events: Sequence[Mapping[str, Any]]) -> bytes:
    """A batch as SendGrid writes it: one event per line."""
    lines = ",\r\n".join(json.dumps(event, ensure_ascii=False) for event in events)
    return f"[{lines}]\r\n".encode()


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    event: Mapping[str, Any]
    tries: int


class Outbox:
    """A thread that posts what is due, oldest first, and tries again at growing intervals.

    Untidily, where it is made so: for good by `disorder`, or as `faults` say, on a clock of that `speed`.
    """

    def __init__(
        self,
        engine: Engine,
        webhook_url: str,
        *,
        disorder: Disorder = TIDY,
        faults: Faults | None = None,
        speed: Callable[[], int] = lambda: 1,
    ) -> None:
        self._engine = engine
        self._url = webhook_url
        self._disorder = disorder
        self._faults, self._speed = faults, speed
        self._signer = Signer.of(engine)
        self._woken = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sink-outbox", daemon=True)

    @property
    def public_key(self) -> str:
        return self._signer.public_key

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what is not told yet stays for the next one."""
        self._stopping.set()
        self._woken.set()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self) -> None:
        """Look for due events at once."""
        self._woken.set()

    def waiting(self) -> int:
        """How many events are still to be told."""
        with reading(self._engine) as connection:
            return connection.execute(select(func.count()).select_from(webhook_outbox)).scalar_one()

    def _run(self) -> None:
        # No proxy of the environment: the webhook is on this machine.
        with httpx.Client(timeout=TIMEOUT.total_seconds(), trust_env=False) as client:
            while not self._stopping.is_set():
                self._woken.clear()
                try:
                    told = self._tell(client)
                except SQLAlchemyError as error:
                    _log.warning("sink_outbox_database_failed", error=type(error).__name__)
                    told = 0
                if told == LARGEST_BATCH:
                    continue
                if told or self._woken.wait(POLL.total_seconds()):
                    self._stopping.wait(GATHER.total_seconds())

    def _tell(self, client: httpx.Client) -> int:
        """Post one batch; how many events were due."""
        disorder = self._disorder if self._faults is None else lateness_of(self._faults, self._speed())
        rows = self._due(disorder)
        if not rows:
            return 0
        if self._faults is not None:
            disorder = disorder_of(self._faults, disorder)
        events = [row.event for row in rows]
        for batch, signing in disorder.besides(events):
            self._tell_besides(client, batch, signing)
        if disorder.copies > 1:  # a repeat comes in the same batch, and in another one
            self._tell_besides(client, disorder.of(events), "ours")
        fault = self._post(client, replace(disorder, copies=1).of(events), "ours")
        if fault is None:
            self._forget(rows)
        else:
            _log.warning("sink_events_not_taken", events=len(rows), tries=max(row.tries for row in rows), fault=fault)
            self._put_off(rows)
        return len(rows)

    def _tell_besides(self, client: httpx.Client, batch: Sequence[Mapping[str, Any]], signing: Signing) -> None:
        """Tell what is more than true. It is not told again, and a false batch that is taken is a fault of ours."""
        for start in range(0, len(batch), LARGEST_BATCH):
            fault = self._post(client, batch[start : start + LARGEST_BATCH], signing)
            if signing != "ours" and fault is None:
                _log.error("sink_false_events_taken", signing=signing, do="report it: a signature was not checked")

    def _post(self, client: httpx.Client, batch: Sequence[Mapping[str, Any]], signing: Signing) -> str | None:
        """Post one batch; None, or why it was not taken."""
        body = body_of(batch)
        try:
            answer = client.post(self._url, content=body, headers=self._headers(body, signing))
        except httpx.HTTPError as error:
            return type(error).__name__
        return None if answer.is_success else str(answer.status_code)

    def _headers(self, body: bytes, signing: Signing) -> dict[str, str]:
        match signing:
            case "ours":
                return self._signer.headers(body)
            case "strange":
                return Signer.new().headers(body)
            case "stale":
                return self._signer.headers(b"[]\r\n")
            case "none":
                return {"Content-Type": "application/json"}

    def _due(self, disorder: Disorder) -> list[_Row]:
        now = datetime.now(UTC)
        table = webhook_outbox.c
        due = table.due_real <= now - disorder.delay
        if disorder.late < 100:
            due = or_(due, and_(table.due_real <= now, table.id % 100 >= disorder.late))
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(table.id, table.event, table.tries).where(due).order_by(table.id).limit(LARGEST_BATCH)
            ).all()
        return [_Row(row.id, row.event, row.tries) for row in rows]

    def _forget(self, rows: Sequence[_Row]) -> None:
        with writing(self._engine) as connection:
            connection.execute(delete(webhook_outbox).where(webhook_outbox.c.id.in_([row.id for row in rows])))

    def _put_off(self, rows: Sequence[_Row]) -> None:
        now = datetime.now(UTC)
        later = [replace(row, tries=row.tries + 1) for row in rows]
        with writing(self._engine) as connection:
            connection.execute(
                update(webhook_outbox)
                .where(webhook_outbox.c.id == bindparam("row"))
                .values(tries=bindparam("new_tries"), due_real=bindparam("new_due")),
                [{"row": row.id, "new_tries": row.tries, "new_due": now + _delay_after(row.tries)} for row in later],
            )


def _delay_after(tries: int) -> timedelta:
    return min(FIRST_DELAY * (1 << min(tries - 1, 16)), LONGEST_DELAY)
