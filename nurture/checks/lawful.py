"""Finds what the laws on advertising mail, and the large mail providers, will not have; refuses to give legal advice.

Only what a folder shows: whether the people behind the names agreed, no file can tell. docs/compliance.md says what
each of these is for.
"""

from __future__ import annotations

import re

from nurture.addresses import FREE_MAIL
from nurture.checks.findings import At, Findings

_UNFINISHED = re.compile(r"\b(todo|tbd|fixme|xxx+)\b|未定|未記入|記入してください|[○〇◯●]{2}|…|\.{3}", re.IGNORECASE)
_REACHABLE = re.compile(r"[^\s@]+@[^\s@]+|https?://\S+|(\d[\d\s()-]{7,}\d)")
"""An address, a page or a telephone number."""
_REPLY = re.compile(r"^\s*(re|fw|fwd|aw|返信|転送)\s*[:：]", re.IGNORECASE)
_JAPANESE = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")


def check_lawful(found: Findings) -> None:
    """Who sends, how the subjects begin, and in which language people agree."""
    _sender(found)
    _subjects(found)
    _wordings(found)


def _sender(found: Findings) -> None:
    """What must stand at the end of every mail, and an address that receivers let through."""
    sender, at = found.folder.definitions.sender, At("sender.yaml")
    if sender is None:
        return
    for key in ("legal_name", "postal_address", "contact"):
        if not found.folder.sound(at.file, (key,)):
            continue
        value, place = getattr(sender, key).strip(), at.to(key)
        if _UNFINISHED.search(value):
            message = f"`{key}` reads as if it were still to be filled in, and stands at the end of every mail"
            found.warning(place, message, "sender-incomplete")
        elif key == "contact" and value and not _REACHABLE.search(value):
            message = "`contact` names nothing to write to or to call: add a mail address, a page or a telephone number"
            found.warning(place, message, "sender-incomplete")
    domain = sender.from_.email.rpartition("@")[2].lower()
    if domain in FREE_MAIL and found.folder.sound(at.file, ("from", "email")):
        message = f"mail from {domain} that its provider did not send is refused by receivers: use a domain of your own"
        found.warning(at.to("from", "email"), message, "free-mail-sender")


def _subjects(found: Findings) -> None:
    for (name, language), template in found.folder.definitions.templates.items():
        begins = _REPLY.match(template.subject)
        if begins is not None:
            message = f"the subject begins with {begins[0].strip()!r}, as if it answered or passed on a mail"
            found.warning(At(f"templates/{name}.{language}.md", ("subject",)), message, "pretended-reply")


def _wordings(found: Findings) -> None:
    """People agree to what they can read: the wording is in the language the form says it is in."""
    for name, form in found.folder.definitions.forms.items():
        if form.consent is None or form.language is None or not found.folder.sound("forms.yaml", (name,)):
            continue
        japanese = bool(_JAPANESE.search(form.consent.text))
        if japanese != form.language.startswith("ja"):
            written = "Japanese" if japanese else "not Japanese"
            message = f"the form is in {form.language!r}, and the wording that people agree to is {written}"
            found.warning(At("forms.yaml").to(name, "consent", "text"), message, "wording-language")
