"""Decides which clicks of one mail a machine made; refuses to know how clicks are told or what becomes of them.

More knowledge only ever makes more clicks automatic: what was recognised once stays so, and the order in which a
mail's events arrive never matters.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from nurture.definitions import AutomaticClicks

_PREFIX = {4: 24, 6: 48}
"""What is kept of an address: enough to know a scanner's farm again, too little to know a person."""
_NOT_OF_A_READER = tuple(
    map(ip_network, ("0.0.0.0/8", "10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
                     "::/127", "fc00::/7", "fe80::/10"))
)  # fmt: skip
"""Addresses that a proxy or a test wrote down: they say nothing of where somebody sits."""


@dataclass(frozen=True, slots=True)
class Click:
    """One click in a mail. `hidden`: it hit the link that no person sees; `machine`: its provider says so.

    `crowd`: it is one of those that `in_crowds` found; `program`: what the program that made it calls itself.
    """

    id: str
    url: str
    at: datetime
    hidden: bool = False
    machine: bool = False
    crowd: bool = False
    program: str | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """From where a click came: which `network`, in a mail to whom."""

    id: str
    to: str
    network: str
    at: datetime


def network_of(address: str | None) -> str | None:
    """The network of an address, /24 or /48; None where it is no address or none of a reader's."""
    try:
        found: IPv4Address | IPv6Address = ip_address((address or "").strip())
    except ValueError:
        return None
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    if any(found in each for each in _NOT_OF_A_READER if each.version == found.version):
        return None
    return str(ip_network((int(found), _PREFIX[found.version]), strict=False))


def program_of(agent: str | None, rules: AutomaticClicks | None = None) -> str | None:
    """Which of the known programs a user agent names, or None."""
    name = (agent or "").lower()
    return next((each for each in (rules or AutomaticClicks()).programs if each.lower() in name), None)


def in_crowds(origins: Sequence[Origin], rules: AutomaticClicks | None = None) -> frozenset[str]:
    """The clicks out of one network in the mails of many people within a moment: a scanner reads for all of them.

    An office behind one address reads a newsletter over hours. Where 100 people of one network click within two hours,
    at random, one click in 800 meets four other people's within 30 s; a scanner that works off a queue nearly always.
    """
    rules = rules or AutomaticClicks()
    of_network: dict[str, list[Origin]] = defaultdict(list)
    for origin in origins:
        of_network[origin.network].append(origin)
    found: set[str] = set()
    for several in of_network.values():
        several.sort(key=lambda origin: origin.at)
        people: Counter[str] = Counter()
        first = marked = 0
        for last, origin in enumerate(several):
            people[origin.to] += 1
            while origin.at - several[first].at > rules.recipients_within.span:
                people[several[first].to] -= 1
                if not people[several[first].to]:
                    del people[several[first].to]
                first += 1
            if len(people) >= rules.recipients:
                found.update(each.id for each in several[max(first, marked) : last + 1])
                marked = last + 1
    return frozenset(found)


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
        elif click.program is not None:
            found[click.id] = f"a program made it that calls itself {click.program}"
        elif click.crowd:
            found[click.id] = (
                f"clicks out of one network in the mails of {rules.recipients} or more people "
                f"within {rules.recipients_within}"
            )
        elif arrived is not None and click.at - arrived < rules.sooner_than.span:
            found[click.id] = f"less than {rules.sooner_than} after the mail arrived"
    in_order = sorted(clicks, key=lambda click: click.at)
    for place, first in enumerate(in_order):
        burst = [click for click in in_order[place:] if click.at - first.at <= rules.links_within.span]
        if len({click.url for click in burst}) >= rules.links:
            for click in burst:
                found.setdefault(click.id, f"{rules.links} or more links of one mail within {rules.links_within}")
    return found
