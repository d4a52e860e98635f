"""The words of advice that the answers give, with the figures that speak for each; refuses to find the sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nurture.shares import Share

AdviceWord = Literal[
    "close_tasks", "tighten_rule", "more_of", "accept_sooner", "nobody_calls", "expiring", "ask_reasons",
    "returned_often", "reason_leads", "score_says_nothing", "too_many", "too_few_hot", "no_capacity", "raise", "lower",
    "keep", "lower_by_lot", "loses_most", "asks_early", "uncaught", "no_definition",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Advice:
    """What to do: a word, what it is about (`names`), the share that speaks for it and what that is compared with."""

    what: AdviceWord
    names: tuple[str, ...] = ()
    share: Share | None = None
    against: Share | None = None
    number: float = 0.0
