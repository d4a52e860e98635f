"""Says in Japanese or English where leads stand and what happened to them; refuses to look anything up."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from nurture.conditions import AnyCondition, Condition, EventPattern
from nurture.definitions import Definitions, Step
from nurture.wording.conditions import Language, Words, reason_of
from web.console import lead_tables

_CONDITION: Final[TypeAdapter[Any]] = TypeAdapter(Condition)


class LeadWords:
    """The words for leads in one language, with the titles and labels that the definitions give."""

    def __init__(self, definitions: Definitions, language: str) -> None:
        self.language: Language = "ja" if language == "ja" else "en"
        self.words = Words(definitions, self.language)
        self._definitions = definitions

    def one_of(self, table: Mapping[str, tuple[str, str]], word: str) -> str:
        """The word of a table in this language; one that is not there as it is."""
        both = table.get(word)
        return word if both is None else both[0 if self.language == "ja" else 1]

    def scenario(self, name: str | None) -> str:
        """What people call a scenario."""
        found = self._definitions.scenarios.get(name or "")
        return (found.title if found is not None else None) or name or ""

    def phase(self, name: str | None) -> str:
        """What people call a phase."""
        return self.words.phase(name) if name else ""

    def why(self, said: str | None) -> str:
        """A reason of the engine, or those of a task; what people wrote stays as it is."""
        if self.language == "ja" and said in lead_tables.WHYS:
            return lead_tables.WHYS[said]
        return "; ".join(reason_of(each, self._definitions, self.language) for each in (said or "").split("; "))

    def conditions(self, written: Any) -> list[str]:
        """What a lead waits for, from the conditions as they were written."""
        return [self._condition(each) for each in written or ()]

    def _condition(self, written: Any) -> str:
        try:
            return self.words.condition(cast("AnyCondition", _CONDITION.validate_python(written)))
        except ValidationError:
            return json.dumps(written, ensure_ascii=False)

    def finishes(self, word: str) -> str:
        """The end of an enrolment with a word."""
        return f"終了({word})" if self.language == "ja" else f"finish {word}"

    def does(self, step: Step | None) -> str:
        """What a step does, in a few words."""
        ja = self.language == "ja"
        match step:
            case None:
                return ""
            case _ if step.send is not None:
                names = ", ".join(step.templates)
                return f"メールを送る({names})" if ja else f"sends {names}"
            case _ if step.handoff is not None:
                return "営業に引き渡す" if ja else "hands over to sales"
            case _ if step.notify is not None:
                return "社内に知らせる" if ja else "tells colleagues"
            case _ if step.set is not None:
                name = self.words.attribute(step.set.attribute)
                return f"{name}を書き込む" if ja else f"sets {name}"
            case _ if step.finish is not None:
                return self.finishes(step.finish)
            case _:
                return "待つ" if ja else "waits"

    def happened(self, kind: str, what: str, subject: str | None = None) -> str:
        """What a line of the timeline tells, with its subject."""
        if kind == "event":
            own = self._definitions.events.get(what)
            label = own.label if own is not None and self.language == "ja" else None
            said = label or self.one_of(lead_tables.EVENTS, what)
        elif kind == "handoff" and what in lead_tables.HANDOFF_LINES:
            said = self.one_of(lead_tables.HANDOFF_LINES, what)
        elif kind == "send" and what in lead_tables.SEND_LINES:
            said = self.one_of(lead_tables.SEND_LINES, what)
        else:
            said = self.one_of(lead_tables.LINES, what)
        if not subject:
            return said
        return f"{said}: {self._subject(what, subject)}"

    def _subject(self, what: str, subject: str) -> str:
        match what:
            case "phase":
                return self.phase(subject)
            case "set":
                return self.words.attribute(subject)
            case _:
                return subject

    def event(self, type: str, subject: str | None) -> str:
        """One event in a few words."""
        return self.words.event(EventPattern(type=type, subject=subject or None))
