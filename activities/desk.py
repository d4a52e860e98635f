"""What every activity works with, put together once by worker.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine

from adapters.clock import Clock
from adapters.database.deployments import DeploymentStore
from adapters.mail.port import Mailer
from adapters.mail.tokens import UnsubscribeTokens
from adapters.notification import Notifier


@dataclass(frozen=True, slots=True)
class Desk:
    """Ports and settings of this process."""

    engine: Engine
    clock: Clock
    store: DeploymentStore
    mailer: Mailer
    tokens: UnsubscribeTokens
    notifier: Notifier
    public_url: str


def real_now() -> datetime:
    """The real instant, for what concerns machines and not leads."""
    return datetime.now(UTC)
