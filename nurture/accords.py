"""Says which agreement on the hot lead definition is in force, by what was deployed and what was agreed.

An agreement is made in two ways: `agreed` of hot_lead.yaml, which a deployment brings, or in the console, where it is
kept beside the deployments. Either way it is about a definition, and holds as long as that one is deployed. Refuses to
read, and to show, any of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nurture.agreement import same
from nurture.definitions import Agreed, HotLead


@dataclass(frozen=True, slots=True)
class Version:
    """hot_lead.yaml from a deployment on: by whom and when that was made; `hot` None: there is no definition."""

    deployment: int
    at: datetime
    by: str | None
    hot: HotLead | None


@dataclass(frozen=True, slots=True)
class Accord:
    """One agreement, made known at `at`, when `deployment` was current.

    `hot`: the definition; None: only words were agreed on. `since`: the deployment from which on that was in force;
    None: it was not deployed yet. `number`: its own, where it was made in the console; there it may have a `note`.
    """

    agreed: Agreed
    at: datetime
    deployment: int
    hot: HotLead | None
    since: int | None = None
    number: int | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Accords:
    """All agreements, the newest first, and what they say of the definition that is deployed.

    `in_force`: the newest that ever was, None where the definition has changed since and nobody agreed on that;
    `waits`: a newer one, whose definition was not deployed yet.
    """

    deployed: Version | None
    several: tuple[Accord, ...]
    in_force: Accord | None
    waits: Accord | None

    def before(self, accord: Accord) -> HotLead | None:
        """The definition of the agreement before this one, None where there is none."""
        rest = self.several[self.several.index(accord) + 1 :]
        return next((each.hot for each in rest if each.hot is not None), None)

    @property
    def held(self) -> Accord | None:
        """The newest that was ever in force."""
        return next((each for each in self.several if each.since is not None), None)


def accords(versions: Sequence[Version], made: Sequence[Accord]) -> Accords:
    """Everything that was agreed. `versions` ascend, each different from the one before; `made`: in the console."""
    found = sorted((_since(each, versions) for each in made), key=_place)
    for index, each in enumerate(versions):
        before = versions[index - 1].hot if index else None
        if each.hot is None or each.hot.agreed is None or _as_before(before, each.hot):
            continue
        accord = Accord(each.hot.agreed, each.at, each.deployment, each.hot, since=each.deployment)
        if not any(_retold(accord, other) for other in _newest(found, each.deployment)):
            found = sorted([*found, accord], key=_place)
    several = tuple(reversed(found))
    deployed = versions[-1] if versions else None
    about = [each for each in several if each.hot is not None]
    held = next((each for each in about if each.since is not None), None)
    waits = next(
        (each for each in about[: about.index(held) if held is not None else None] if each.since is None), None
    )
    holds = held is not None and deployed is not None and same(held.hot, deployed.hot)
    return Accords(deployed, several, held if holds else None, waits)


def _as_before(before: HotLead | None, hot: HotLead) -> bool:
    """True where `agreed` says nothing new: it stayed, or the definition changed under it."""
    return before is not None and before.agreed == hot.agreed


def agreed_once_deployed(hot: HotLead | None, versions: Sequence[Version], made: Sequence[Accord]) -> bool:
    """True where the definition would be agreed on as soon as it were deployed: `accords` would have one in force."""
    if not versions:
        return hot is not None and hot.agreed is not None
    last = versions[-1]
    following = max([last.deployment, *(each.deployment for each in made)]) + 1
    return accords([*versions, replace(last, deployment=following, hot=hot)], made).in_force is not None


def _since(accord: Accord, versions: Sequence[Version]) -> Accord:
    """Itself, with the first deployment in which it held: the one that was current then, or a later one.

    Instants do not tell: a deployment is of the time at which it was begun, and there only when it is done.
    """
    for index, each in enumerate(versions):
        over = index + 1 < len(versions) and versions[index + 1].deployment <= accord.deployment
        if not over and same(each.hot, accord.hot):
            return replace(accord, since=each.deployment)
    return accord


def _place(accord: Accord) -> tuple[int, bool, datetime, int]:
    """Where it stands among all: by the deployment in which it came to hold, that of a file before those made in it."""
    came = max(accord.deployment, accord.since or 0)
    return came, accord.number is not None, accord.at, accord.number or 0


def _newest(found: Sequence[Accord], deployment: int) -> Sequence[Accord]:
    """What of it was the last to come to hold before a deployment, and whatever came to hold with it."""
    held = [each for each in found if each.since is not None]
    earlier = [each for each in held if _place(each)[0] < deployment]
    return [*earlier[-1:], *(each for each in held if each.since == deployment)]


def _retold(accord: Accord, other: Accord) -> bool:
    """True where a file only says what was agreed in the console, and still held."""
    return other.number is not None and other.agreed == accord.agreed and same(other.hot, accord.hot)
