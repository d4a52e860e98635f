"""Posts a notice to a channel of Slack through an incoming webhook; refuses to hold a token or to read there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from adapters.sales_channels.asking import ask, refused
from adapters.sales_channels.port import Notice, NotTaken

TIMEOUT = timedelta(seconds=7)
LONGEST_HEADER = 150
LONGEST_SECTION = 2900
"""Slack takes 3,000 characters in a section; one of three is lost to escaping at most."""
_OPEN = {"ja": "Nurture で開く", "en": "Open in Nurture"}
_GONE = "make a new incoming webhook in Slack and set NURTURE_SLACK_URL"


@dataclass(frozen=True, slots=True)
class Slack:
    """One incoming webhook. Slack knows no idempotency: where its answer is lost, the message may stand there twice."""

    url: str

    @property
    def ready(self) -> bool:
        return True

    def deliver(self, notice: Notice) -> None:
        """One POST.

        Raises:
            NotTaken: 429 with the rest that Slack wants, 403, 404 and 410 for a person, no answer, or not `ok`.
        """
        good = frozenset({400, 403, 404, 410})
        answer = ask("POST", self.url, timeout=TIMEOUT, good=good, json=message_of(notice))
        if not answer.is_success:
            raise refused(answer, f"{_code(answer.text)}; {_GONE}" if answer.status_code != 400 else _code(answer.text))
        if answer.text.strip() != "ok":
            raise NotTaken("something else than Slack answered", do=_GONE, needs_person=True)


def message_of(notice: Notice) -> dict[str, Any]:
    """The message with its blocks; `text` is what a phone's banner shows."""
    language = notice.reader.language if notice.reader is not None else "ja"
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": {"type": "plain_text", "text": notice.headline[:LONGEST_HEADER]}}
    ]
    if notice.person is not None:
        known = (notice.person.company, notice.person.name, notice.person.email)
        blocks.append(_section(" · ".join(_escaped(part) for part in known if part) or _escaped(notice.lead)))
    if notice.briefing is None:
        blocks.append(_section(_escaped(notice.text or notice.headline)))
    else:
        briefing = notice.briefing
        for label, values in (*briefing.facts, (briefing.opening_label, (briefing.opening,))):
            listed = values[0] if len(values) == 1 else "\n".join(f"• {value}" for value in values)
            blocks.append(_section(f"*{_escaped(label)}*\n{_escaped(listed)}"))
    link = f"<{notice.links['page']}|{_OPEN.get(language, _OPEN['en'])}>"
    who = f" · {_escaped(notice.reader.name)}" if notice.reader is not None else ""
    last = {"type": "mrkdwn", "text": f"{link} · {_escaped(notice.lead)}{who}"}
    blocks.append({"type": "context", "elements": [last]})
    return {"text": _escaped(notice.headline), "blocks": blocks}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:LONGEST_SECTION]}}


def _escaped(text: str) -> str:
    """Nobody is mentioned and nothing is linked by words that a lead wrote."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _code(said: str) -> str:
    """Slack's own word for what is wrong; anything else is not repeated."""
    word = said.strip()
    return word if word.replace("_", "").isalpha() and word.isascii() and len(word) < 60 else "unknown answer"
