"""Decides what each person of the fault suite does about each mail: a function of person, step and visit alone.

Nothing here looks at a clock, so the same people do the same in every run, whatever is late, held or killed. They react
hours after a mail, while the shortest deadline of the scenario is three days: that is the room which faults have.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

SEED = 2026
INDUSTRIES = ("telecom", "broadcasting", "utilities")
TITLES = ("department_head", "section_head", "chief", "staff")


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a person does so many hours (of nurture's clock) after a mail: in the inbox, or an event of the web."""

    after: float
    what: str
    subject: str = ""

    @property
    def in_the_inbox(self) -> bool:
        """Whether it is done with the mail itself."""
        return self.what in ("open", "click", "unsubscribe")


@dataclass(frozen=True, slots=True)
class People:
    """So many people, who enter as leads of one `group`. `brisk`: nobody lets a mail lie, so that a run is short."""

    group: str
    count: int
    brisk: bool = False

    def lead(self, number: int) -> str:
        """The lead's id; the same number is the same person in every group."""
        return f"{self.group}_{number:03}"

    def number(self, lead: str) -> int | None:
        """Which person a lead is; None where it is of another group."""
        group, _, number = lead.rpartition("_")
        return int(number) if group == self.group else None

    def bounces(self, number: int) -> bool:
        """A few have an address that does not exist."""
        return number % 40 == 7

    def as_lead(self, number: int) -> dict[str, Any]:
        """The body of `POST /api/leads`: somebody of the segment whom the scenario is for."""
        dice, name = Random(f"{SEED}/{number}"), self.lead(number)
        return {
            "id": name,
            "email": f"{'bounce-' if self.bounces(number) else ''}{name}@example.com",
            "name": f"例示 {number}",
            "language": "ja",
            "attributes": {
                "employees": dice.randint(50, 100),
                "industry": dice.choice(INDUSTRIES),
                "title": dice.choice(TITLES),
                "relation": "prospect",
            },
            "consent": {"topics": ["newsletter", "seminars"], "basis": "opt_in", "source": "tests"},
        }

    def reactions(self, number: int, step: str, visit: int) -> list[Reaction]:
        """What this person does about the mail of this step and visit."""
        luck = Random(f"{SEED}/{number}/{step}/{visit}").random()
        match step:
            case "newsletter" if luck < 0.04:
                return [Reaction(3, "unsubscribe")]
            case "newsletter" if luck < 0.25:
                return [Reaction(3, "open"), Reaction(4, "click")]
            case "newsletter" if luck < 0.75 or self.brisk:
                return [Reaction(3, "open")]
            case "newsletter_again" if visit == 1:
                return [Reaction(3, "open")]
            case "newsletter_again":
                return [Reaction(3, "requested", "demo")]
            case "seminar_invite" if luck < 0.55 or visit > 1 or self.brisk:
                return [Reaction(2, "open"), Reaction(4, "signed_up", "seminar")]
            case "seminar_invite" if luck < 0.8:
                return [Reaction(3, "open")]
            case "seminar_reminder" if luck < 0.6 or visit > 1:
                return [Reaction(3, "signed_up", "seminar")]
            case "consultation_offer":
                return self._about_the_consultation(luck, visit)
        return []

    def _about_the_consultation(self, luck: float, visit: int) -> list[Reaction]:
        """Hot by what they did, or by asking; some look around, and some of these leave it at that."""
        look = [Reaction(2, "visited", "/pricing"), Reaction(2, "downloaded", "whitepaper/rollout")]
        if luck < 0.4:
            return [*look, Reaction(4, "attended", "seminar"), Reaction(4, "attended", "consultation")]
        if luck < 0.7 or visit > 1 or self.brisk:
            return [Reaction(3, "requested", "demo")]
        return look if luck < 0.85 else []

    def verdict(self, number: int) -> str:
        """What sales makes of this person."""
        return "won" if Random(f"{SEED}/{number}/verdict").random() < 0.4 else "lost"
