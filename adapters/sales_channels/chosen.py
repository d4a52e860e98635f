"""Chooses how each channel is reached, by the settings; refuses to tell anybody anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from adapters.mail.port import Mailer
from adapters.sales_channels.csv_file import CsvFile
from adapters.sales_channels.hubspot import HubSpot
from adapters.sales_channels.port import NotSetUp, SalesChannel
from adapters.sales_channels.rep_mail import RepMail
from adapters.sales_channels.slack import Slack
from adapters.sales_channels.webhook import Webhook
from adapters.settings import Settings
from nurture.definitions import Channel


def forget(channels: Mapping[Channel, SalesChannel], several: Sequence[str]) -> int:
    """Take leads out of what channels keep on this machine; how many lines there were. Raises OSError.

    What other companies keep, they have to forget themselves.
    """
    files = [channel for channel in channels.values() if isinstance(channel, CsvFile)]
    return sum(file.forget(lead) for file in files for lead in several)


def channels_of(settings: Settings, mailer: Mailer) -> Mapping[Channel, SalesChannel]:
    """Every channel that sales.yaml may name; one without its setting says which it wants when it is used."""
    secrets = tuple(each.get_secret_value() for each in settings.sales_secrets)
    return {
        "email": RepMail(mailer),
        "slack": Slack(settings.slack_url.get_secret_value())
        if settings.slack_url is not None
        else NotSetUp("NURTURE_SLACK_URL"),
        "webhook": Webhook(settings.notify_url, secrets)
        if settings.notify_url is not None
        else NotSetUp("NURTURE_NOTIFY_URL"),
        "hubspot": HubSpot(settings.hubspot_token.get_secret_value(), settings.hubspot_host)
        if settings.hubspot_token is not None
        else NotSetUp("NURTURE_HUBSPOT_TOKEN"),
        "csv": CsvFile(settings.home / "sales"),
    }
