"""`nurture send-test`: sends one mail of a template to an address of yours; refuses to count it as a send."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer

from adapters.database import leads
from adapters.database.engine import reading
from adapters.mail.port import Accepted, Held, Mail, Refused, Unknown
from adapters.mail.provider import mailer_of
from adapters.mail.rendering import LeadFacts, Rendered, render
from adapters.mail.tokens import Subscription, UnsubscribeTokens, one_click_headers
from cli.console import NOT_AVAILABLE, Ended, err, out
from cli.opening import Data, definitions_in, opened
from nurture.definitions import Definitions, Sender, Template
from nurture.errors import NurtureError, UnknownName

TESTER = "test"
"""Whom the unsubscribe link of a test mail stands for: nobody, so that trying it out shuts no address."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    example = "Example: nurture send-test newsletter_01 --to me@example.co.jp --lead lead_001"
    app.command("send-test", epilog=example)(send_test)


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


def _mail(data: Data, definitions: Definitions, sender: Sender, template: str, *, lead: str, to: str) -> Mail:
    with reading(data.engine) as connection:
        who = leads.view(connection, lead)
        if who is None:
            known, _ = leads.page(connection, 5)
            raise UnknownName("lead", lead, [item["id"] for item in known])
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
