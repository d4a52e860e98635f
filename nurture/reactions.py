"""Throws the dice for an audience: which reactions one mail or one handoff gets, and when; refuses to own the dice.

The simulator and the demo's audience use the same throws.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from nurture.audience import Audience, Chance, MailHabits

Dice = Callable[[], float]
"""Gives the next number, uniform in [0, 1); a seeded `random.Random(...).random` in practice."""


@dataclass(frozen=True, slots=True)
class Reaction:
    """What a person does `after` the acceptance of a mail: an event of that mail, or one of the web."""

    after: timedelta
    type: str
    subject: str


def reactions(audience: Audience, template: str, dice: Dice) -> list[Reaction]:
    """The reactions of one person to one mail, by time; always the same number of throws for the same outcome path."""
    return by_habit(audience.habits(template), template, dice)


def by_habit(habits: MailHabits, template: str, dice: Dice) -> list[Reaction]:
    """The same, for who looks the habits of a template up once."""
    if dice() >= habits.delivery_rate:
        return [Reaction(timedelta(minutes=1), "bounced", template)]
    found: list[Reaction] = []
    opened = _drawn(habits.opened, dice)
    if opened is None:
        return found
    found.append(Reaction(opened, "opened", template))
    for kind, chance in (
        ("clicked", habits.clicked),
        ("unsubscribed", habits.unsubscribed),
        ("spam_reported", habits.spam_reported),
    ):
        delay = _drawn(chance, dice)
        if delay is not None:
            found.append(Reaction(opened + delay, kind, template))
    found.extend(
        Reaction(opened + answer.after.at(dice()), answer.event.type, answer.event.subject or "")
        for answer in habits.events
        if dice() < answer.rate
    )
    return sorted(found, key=lambda each: each.after)


def _drawn(chance: Chance | None, dice: Dice) -> timedelta | None:
    if chance is None or dice() >= chance.rate:
        return None
    return chance.after.at(dice())


def verdict(audience: Audience, dice: Dice) -> tuple[timedelta, str] | None:
    """What sales makes of one handoff and after how long; None where it is left to expire."""
    sales = audience.sales
    if sales is None:
        return None
    word = sales.outcome(dice())
    return None if word is None else (sales.after.at(dice()), word)
