"""Tells the sink's events to the webhook, signed, until each is acknowledged; refuses to read what they say.

The events stand in the database before anybody hears of them, so a process that is killed loses none. One may be told
twice, as providers do.
"""

from __future__ import annotations

import base64
import json
import random
import secrets
import threading
import time
from collections.abc import Mapping, Sequence
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
from sqlalchemy import Engine, bindparam, delete, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from adapters.database.engine import reading, writing
from adapters.database.schema import webhook_outbox
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
class Disorder:
    """How untidily events are told, for trying out what a provider may do: copies (with other ids), order, delay."""

    copies: int = 1
    rekey: bool = False
    shuffle: int | None = None
    """The seed of a random order; None keeps the order."""
    delay: timedelta = timedelta(0)

    def of(self, events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        told = [dict(event) for event in events for _ in range(self.copies)]
        if self.rekey:
            told = [{**event, "sg_event_id": secrets.token_urlsafe(16)} for event in told]
        if self.shuffle is not None:
            random.Random(self.shuffle).shuffle(told)  # noqa: S311  # a test's order, no secret
        return told


TIDY = Disorder()


@dataclass(frozen=True, slots=True)
class _Row:
    id: int
    event: Mapping[str, Any]
    tries: int


class Outbox:
    """A thread that posts what is due, oldest first, and tries again at growing intervals."""

    def __init__(self, engine: Engine, webhook_url: str, *, disorder: Disorder = TIDY) -> None:
        self._engine = engine
        self._url = webhook_url
        self._disorder = disorder
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
        rows = self._due()
        if not rows:
            return 0
        body = body_of(self._disorder.of([row.event for row in rows]))
        try:
            answer = client.post(self._url, content=body, headers=self._signer.headers(body))
            fault = None if answer.is_success else str(answer.status_code)
        except httpx.HTTPError as error:
            fault = type(error).__name__
        if fault is None:
            self._forget(rows)
        else:
            _log.warning("sink_events_not_taken", events=len(rows), tries=max(row.tries for row in rows), fault=fault)
            self._put_off(rows)
        return len(rows)

    def _due(self) -> list[_Row]:
        until = datetime.now(UTC) - self._disorder.delay
        table = webhook_outbox.c
        with reading(self._engine) as connection:
            rows = connection.execute(
                select(table.id, table.event, table.tries)
                .where(table.due_real <= until)
                .order_by(table.id)
                .limit(LARGEST_BATCH)
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
