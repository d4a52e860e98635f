"""Decides which clicks of one mail a machine made; refuses to know how clicks are told or what becomes of them.

More knowledge only ever makes more clicks automatic: what was recognised once stays so, and the order in which a
mail's events arrive never matters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nurture.definitions import AutomaticClicks


@dataclass(frozen=True, slots=True)
class Click:
    """One click in a mail. `hidden`: it hit the link that no person sees; `machine`: its provider says so."""

    id: str
    url: str
    at: datetime
    hidden: bool = False
    machine: bool = False


def automatic(
    clicks: Sequence[Click], arrived: datetime | None, rules: AutomaticClicks | None = None
) -> Mapping[str, str]:
    """Of all clicks known of one mail, those a machine made: id → the reason, in words.

    `arrived` is when the mail was delivered (accepted, where no delivery was told); None where neither is known.
    Both tolerances are on nurture's clock as it runs: they are never scaled.
    """
    rules = rules or AutomaticClicks()
    found: dict[str, str] = {}
    for click in clicks:
        if click.machine:
            found[click.id] = "the provider tells a machine's click"
        elif click.hidden:
            found[click.id] = "it hit the hidden link"
        elif arrived is not None and click.at - arrived < rules.sooner_than.span:
            found[click.id] = f"less than {rules.sooner_than} after the mail arrived"
    in_order = sorted(clicks, key=lambda click: click.at)
    for place, first in enumerate(in_order):
        burst = [click for click in in_order[place:] if click.at - first.at <= rules.links_within.span]
        if len({click.url for click in burst}) >= rules.links:
            for click in burst:
                found.setdefault(click.id, f"{rules.links} or more links of one mail within {rules.links_within}")
    return found
