"""Writes a plain mail to a rep; refuses the marketing gate: no consent, window, cap or footer is any of its business.

It goes through the same provider as other mail. It is not tracked, and what the provider tells of it is not counted.
"""

from __future__ import annotations

import hashlib
import html
from dataclasses import dataclass

from adapters.mail.port import TO_SALES, Accepted, Held, Mail, Mailer, Refused, Unknown
from adapters.sales_channels.port import Notice, NotTaken

_WORDS = {
    "ja": {"lead": "見込み客", "company": "会社", "name": "氏名", "email": "メール", "open": "開く", "colon": ":"},
    "en": {"lead": "Lead", "company": "Company", "name": "Name", "email": "Mail", "open": "Open", "colon": ": "},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RepMail:
    """Mail through the provider of the settings, from the sender of sender.yaml."""

    mailer: Mailer

    @property
    def ready(self) -> bool:
        return True

    def deliver(self, notice: Notice) -> None:
        """One mail. Where an earlier answer was lost, the provider is asked first; if it cannot tell, it goes again.

        A rep who reads the same mail twice is better off than one who never does.

        Raises:
            NotTaken: there is nobody to write to or from, or the provider did not take it.
        """
        reader, sender = notice.reader, notice.sender
        if reader is None:
            raise NotTaken("the rep is not in sales.yaml", do="add the rep and deploy", needs_person=True)
        if sender is None:
            raise NotTaken("there is no sender.yaml to write from", do="add it and deploy", needs_person=True)
        key = send_key(notice)
        if notice.again and self.mailer.lookup(key) == "accepted":
            return
        words = _WORDS["ja" if reader.language.startswith("ja") else "en"]
        company = notice.person.company if notice.person is not None else None
        text = _text(notice, words)
        mail = Mail(
            to=reader.email, to_name=reader.name, from_email=sender.email, from_name=sender.name,
            subject=" ".join(f"{notice.headline}{words['colon']}{company or notice.lead}".split()), text=text,
            html=f'<pre style="font: inherit; white-space: pre-wrap">{html.escape(text)}</pre>', send_key=key,
            headers={"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All"}, tracked=False,
        )  # fmt: skip
        match self.mailer.send(mail):
            case Accepted():
                return
            case Held(reason=reason, retry_after=wait, alert=alert):
                raise NotTaken(reason, retry_after=wait, needs_person=alert)
            case Unknown(reason=reason):
                raise NotTaken(reason)
            case Refused(reason=reason):
                raise NotTaken(reason, do="look at the rep's address in sales.yaml", needs_person=True)


def send_key(notice: Notice) -> str:
    """By what the provider knows the mail: one for each notice and rep, found again by its lead."""
    rep = notice.reader.rep if notice.reader is not None else ""
    return f"{TO_SALES}{notice.lead}/{hashlib.sha256(f'{notice.key}/{rep}'.encode()).hexdigest()[:20]}"


def _text(notice: Notice, words: dict[str, str]) -> str:
    person, colon = notice.person, words["colon"]
    lines = [notice.headline, ""] if notice.briefing is not None else []
    lines.append(f"{words['lead']}{colon}{notice.lead}")
    if person is not None:
        known = (("company", person.company), ("name", person.name), ("email", person.email))
        lines.extend(f"{words[what]}{colon}{value}" for what, value in known if value)
    lines.extend(["", notice.words, "", f"{words['open']}{colon}{notice.links['page']}"])
    return "\n".join(lines) + "\n"
