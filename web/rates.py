"""Decides how often somebody may ask, by key or by client address; refuses to know what is asked.

Counted in memory, so for each web process by itself: with several, each lets through as much. A client address is what
the socket says, or a trusted proxy (NURTURE_TRUSTED_PROXIES; see app.py). The provider's webhook is not counted: it is
known by its signature, and comes as fast as mail is opened.
"""

from __future__ import annotations

import ipaddress
import math
import time
from collections.abc import Callable
from typing import Literal

from fastapi import Depends, Request
from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter

from adapters.settings import Settings
from web.problems import Refusal

Kind = Literal["key", "public", "posts", "login", "login_here", "logins", "account"]
_HOMES = 64
"""How many bits of an IPv6 address belong to one household: its owner has all the others for himself."""


class Rates:
    """The counters of one web process."""

    def __init__(self, settings: Settings) -> None:
        logins = parse(settings.rate_logins)
        self._limits: dict[Kind, RateLimitItem] = {
            "key": parse(settings.rate_key),
            "public": parse(settings.rate_public),
            "posts": parse(settings.rate_posts),
            "login_here": logins,
            "login": _more(logins, _PLACES),
            "logins": _more(logins, _COLLEAGUES),
            "account": logins,
        }
        # a counter that slides gives its memory back; the library's moving window keeps every address for ever
        self._counters = SlidingWindowCounterRateLimiter(MemoryStorage())

    def take_login(self, login: str, address: str) -> None:
        """Count one attempt to log in as somebody from an address. Raises Refusal (429) as `take`.

        What is refused at the address is not counted for the name: nobody keeps another out from one place.
        """
        self.take("logins", address)
        self.take("login_here", f"{login} {address}")
        self.take("login", login)

    def take(self, kind: Kind, who: str) -> None:
        """Count one request of somebody. Raises Refusal (429) above the limit, with when to come again."""
        limit = self._limits[kind]
        if self._counters.hit(limit, kind, who):
            return
        again = max(1, math.ceil(self._counters.get_window_stats(limit, kind, who).reset_time - time.time()))
        raise Refusal(
            429,
            f"more than {limit} requests",
            where=_WHO.get(kind, "this client address"),
            do=f"come again in {again} s" + ("" if kind in _OF_PEOPLE else _TOGETHER),
            headers={"Retry-After": str(again)},
        )


_OF_PEOPLE: tuple[Kind, ...] = ("login", "login_here", "logins", "account")
_WHO: dict[Kind, str] = {"key": "this key", "login": "this login name", "account": "this account"}
_TOGETHER = ", and send several events in one request"
_COLLEAGUES = 5
"""How much oftener an address may try to log in than it may try one name: an office shares an address."""
_PLACES = 10
"""How much oftener a name may be tried from all addresses together than from one."""


def _more(limit: RateLimitItem, times: int) -> RateLimitItem:
    return type(limit)(limit.amount * times, limit.multiples)


def address_of(request: Request) -> str:
    """Whom requests without a key are counted for: the client's address, of IPv6 its network."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((int(address), _HOMES), strict=False))
    return host


def rates_of(request: Request) -> Rates:
    """The counters of the process that serves this request."""
    rates = request.app.state.rates
    if not isinstance(rates, Rates):
        raise TypeError("the app was made without make_app: app.state.rates is missing")
    return rates


def _limited(kind: Kind, *methods: str) -> Callable[[Request], object]:
    async def count(request: Request) -> None:
        if not methods or request.method in methods:
            rates_of(request).take(kind, address_of(request))

    return count


PUBLIC = Depends(_limited("public"))
POSTS = Depends(_limited("posts", "POST"))
"""For `dependencies=[…]` of what anybody may ask: pages, and what is sent from them."""
