"""What every activity works with, put together once by worker.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine
from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError

from adapters.clock import Clock
from adapters.database import positions
from adapters.database.deployments import DeploymentStore
from adapters.mail.link_tokens import SiteLinks
from adapters.mail.port import Mailer
from adapters.mail.reply_addresses import ReplyAddresses
from adapters.mail.suppression_lists import SuppressionLists
from adapters.mail.tokens import ConfirmationTokens, UnsubscribeTokens
from adapters.sales_channels.telling import Teller
from nurture import protocol


@dataclass(frozen=True, slots=True)
class Desk:
    """Ports and settings of this process."""

    engine: Engine
    clock: Clock
    store: DeploymentStore
    mailer: Mailer
    tokens: UnsubscribeTokens
    confirmations: ConfirmationTokens
    teller: Teller
    public_url: str
    replies: ReplyAddresses | None = None
    links: SiteLinks | None = None
    page_view_days: int = 90
    lists: SuppressionLists | None = None
    meter: MetricMeter = MetricMeter.noop


def real_now() -> datetime:
    """The real instant, for what concerns machines and not leads."""
    return datetime.now(UTC)


def take_up(conn: Connection, order: protocol.Order) -> None:
    """Write the records an order came with; refuses, for good, an order that the stored state does not give."""
    try:
        positions.take_up(conn, order.command.lead, order.records, order.command)
    except positions.Superseded as error:
        raise ApplicationError(str(error), type=protocol.SUPERSEDED, non_retryable=True) from error
