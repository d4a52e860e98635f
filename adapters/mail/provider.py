"""Chooses who takes the mail, by the settings; refuses to send any."""

from __future__ import annotations

from sqlalchemy import Engine

from adapters.mail.outbox import public_key
from adapters.mail.port import Mailer
from adapters.mail.sendgrid import SendGridMailer
from adapters.mail.sink import sink_api_key
from adapters.mail.suppression_lists import SuppressionLists
from adapters.settings import Settings


def mailer_of(settings: Settings, engine: Engine) -> Mailer:
    """SendGrid, or the built-in sink through the same class."""
    if settings.mail == "sink":
        return SendGridMailer(
            api_key=sink_api_key(engine), host=settings.sendgrid_host, lookups_are_complete=not settings.sends_for_real
        )
    # A test double at a loopback address may do without a key; the real one has been asked for by the settings.
    key = settings.sendgrid_api_key.get_secret_value() if settings.sendgrid_api_key else "no-key"
    return SendGridMailer(api_key=key, host=settings.sendgrid_host)


def suppression_lists_of(settings: Settings) -> SuppressionLists | None:
    """SendGrid's lists; None with the built-in sink, which tells its events until each is acknowledged."""
    if settings.mail == "sink":
        return None
    key = settings.sendgrid_api_key.get_secret_value() if settings.sendgrid_api_key else "no-key"
    return SuppressionLists(api_key=key, host=settings.sendgrid_host)


def webhook_keys(settings: Settings, engine: Engine) -> tuple[str, ...]:
    """The public keys whose signature the webhook takes: the settings', and the sink's only where it is in use."""
    own = (public_key(engine),) if settings.mail == "sink" else ()
    return settings.sendgrid_webhook_keys + own
