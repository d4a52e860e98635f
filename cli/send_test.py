"""`nurture send-test`: sends one mail of a template to an address of yours; refuses to count it as a send."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from adapters.database import leads
from adapters.database.consents import ALL, suppressed
from adapters.database.engine import reading
from adapters.mail.port import Accepted, Held, Mail, Refused, Unknown
from adapters.mail.provider import mailer_of
from adapters.mail.rendering import LeadFacts, Rendered, render
from adapters.mail.tokens import Subscription, UnsubscribeTokens, one_click_headers
from cli.console import NOT_AVAILABLE, Ended, err, out
from cli.lead_list import OF_THE_DEMO, unknown_lead
from cli.opening import Data, definitions_in, opened
from nurture.definitions import Definitions, Sender, Template
from nurture.errors import NurtureError, UnknownName

TESTER = "test"
"""Whom the unsubscribe link of a test mail stands for: nobody, so that trying it out shuts no address."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    example = "Example: nurture send-test newsletter_01 --to me@example.co.jp --lead lead_001"
    app.command("send-test", epilog=f"{example}\n\n{OF_THE_DEMO}")(send_test)


def send_test(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="The template's name.")],
    to: Annotated[str, typer.Option("--to", metavar="ADDRESS", help="Where it goes; the lead gets nothing.")],
    lead: Annotated[str, typer.Option("--lead", metavar="ID", help="Whose data fill the variables.")],
    directory: Annotated[
        Path | None, typer.Option("--dir", metavar="DIR", help="Try a folder instead of the current deployment.")
    ] = None,
) -> None:
    """Send one mail with a lead's data to an address of yours, its subject marked [TEST]."""
    with opened() as data:
        definitions = definitions_in(directory) if directory is not None else data.store.current()
        known = sorted({name for name, _ in definitions.templates})
        if template not in known:
            raise UnknownName("template", template, known)
        if definitions.sender is None:
            raise NurtureError(
                "nobody is named as the sender", where="sender.yaml", do="write sender.yaml and deploy it"
            )
        _tell_if_unwanted(data, definitions.sender, to)
        mail = _mail(data, definitions, definitions.sender, template, lead=lead, to=to)
        answer = mailer_of(data.settings, data.engine).send(mail)
    match answer:
        case Accepted():
            out.print(f"accepted: {mail.subject}")
        case Refused():
            raise NurtureError(f"the provider refuses it: {answer.reason}", where="--to", do="mend what it says")
        case Held() | Unknown():
            err.print(f"not sent, or not known to be: {answer.reason}", style="bold red")
            err.print("  → see whether `nurture up` runs and the mail settings are right")
            raise Ended(NOT_AVAILABLE)


def _tell_if_unwanted(data: Data, sender: Sender, to: str) -> None:
    """A test goes wherever it is asked to, so this one does; but scenarios send nothing there, and that is told."""
    with reading(data.engine) as connection:
        reasons = {topic: suppressed(connection, to, topic) for topic in sender.topics or (ALL,)}
    shut = {topic: why for topic, why in reasons.items() if why}
    if shut:
        told = ", ".join(f"{topic} ({why})" for topic, why in shut.items())
        err.print(Text(f"this address wants no mail: {told}", style="yellow"))
        err.print("  → the test goes all the same, since it is for yourself: name no address but your own")
        err.print("  → このアドレスは配信停止中です。テストなので送りますが、ご自分のアドレスだけを指定してください")


def _mail(data: Data, definitions: Definitions, sender: Sender, template: str, *, lead: str, to: str) -> Mail:
    with reading(data.engine) as connection:
        who = leads.view(connection, lead)
        if who is None:
            raise unknown_lead(connection, lead)
    key = f"test/{lead}/{template}/{secrets.token_hex(4)}"
    subscription = Subscription(lead=TESTER, topic=None, send_key=key)
    url = UnsubscribeTokens.of(data.engine).url(data.settings.public_url, subscription)
    rendered: Rendered = render(
        _in_language(definitions, template, who["language"]),
        lead=LeadFacts(id=lead, name=who["name"], attributes=who["attributes"]),
        sender=sender,
        unsubscribe_url=url,
        link_base=data.settings.public_url,
        send_key=key,
    )
    return Mail(
        to=to,
        to_name="",
        from_email=sender.from_.email,
        from_name=sender.from_.name,
        subject=f"[TEST] {rendered.subject}",
        text=rendered.text,
        html=rendered.html,
        send_key=key,
        headers=one_click_headers(url),
    )


def _in_language(definitions: Definitions, name: str, language: str) -> Template:
    """The template in the lead's language, else in Japanese, else in the first one there is."""
    found = {lang: template for (each, lang), template in definitions.templates.items() if each == name}
    return found.get(language) or found.get("ja") or found[min(found)]
