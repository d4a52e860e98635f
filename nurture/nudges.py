"""Says to a rep what a task waits for, in Japanese or English; refuses to know where the words are shown.

No name and no address is in it, nor why somebody else has the task now: the timeline of the lead says that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

Kind = Literal["given", "reminder", "woken", "escalated", "waiting"]

_WORDS: Mapping[str, Mapping[str, str]] = {
    "ja": {
        "given": "このタスクの担当があなたになりました({queue})。",
        "reminder": "{given} にお渡ししたタスクが、まだ受け付けられていません({queue})。",
        "woken": "あとに回していたタスクの時間になりました({queue})。",
        "escalated": "{made} にできたタスクを、まだ誰も受け付けていません({queue}、いまの担当:{rep})。",
        "waiting": "担当の決まらないタスクがあります({queue})。"
        "\n待っているタスクと営業の空きは、デスクの「チーム」で分かります。",
        "due": "対応期限:{due}",
        "nobody": "なし",
    },
    "en": {
        "given": "This task is yours now ({queue}).",
        "reminder": "This task was given to you at {given} and is not accepted yet ({queue}).",
        "woken": "This task was put off until now ({queue}).",
        "escalated": "Nobody has accepted this task, made at {made}; {rep} has it ({queue}).",
        "waiting": "Tasks wait for a rep in {queue}.\nThe team's page of the desk lists them, and says who has room.",
        "due": "Due: {due}",
        "nobody": "nobody",
    },
}


@dataclass(frozen=True, slots=True)
class Nudge:
    """What is to be said of a task beyond that it is there, and the task as it is when that is said."""

    kind: Kind
    queue: str
    rep: str | None
    made_at: datetime
    given_at: datetime | None = None
    due: datetime | None = None

    def words(self, language: str, zone: tzinfo) -> str:
        """For somebody who reads `language` (`ja`, else English), with times of `zone`; the first line says it all."""
        words = _WORDS["ja" if language.startswith("ja") else "en"]
        said = words[self.kind].format(
            queue=self.queue, rep=self.rep or words["nobody"], made=_at(self.made_at, zone),
            given=_at(self.given_at or self.made_at, zone),
        )  # fmt: skip
        if self.kind == "waiting" or self.due is None:
            return said
        return f"{said}\n{words['due'].format(due=_at(self.due, zone))}"


def _at(at: datetime, zone: tzinfo) -> str:
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")
