"""Counts what became of mails, and keeps whose mails may not go and why; nurture/breaker.py decides when that is so.

Counted is by the hour in which a mail was sent, in the transaction that takes in what was told of it: nobody ever
reads all mails to know whether the next one may go.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, bindparam, case, delete, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from adapters.database import audit
from adapters.database.among import among
from adapters.database.locks import claim
from adapters.database.schema import mail_stops, mail_tallies
from nurture import breaker
from nurture.definitions import Breaker
from nurture.errors import NurtureError

Scope = Literal["all", "scenario", "domain"]
State = Literal["warned", "stopped", "resumed"]
What = Literal["delivered", "dead", "returned", "turned_away", "deferred", "spam"]
_COUNTED: dict[What, str] = {
    "delivered": "delivered", "dead": "dead", "returned": "returned", "turned_away": "returned", "spam": "spam"
}  # fmt: skip
_COLUMNS = ("delivered", "dead", "returned", "spam")
_STRETCH = timedelta(minutes=5)
"""How finely it is remembered when a domain turned mail away."""
_FORGOTTEN = timedelta(days=2)
"""So long after its rest a domain begins anew."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one mail, the first time that it was told. `scenario` None: a form asked for the mail."""

    what: What
    at: datetime
    sent_at: datetime
    scenario: str | None
    domain: str | None


@dataclass(frozen=True, slots=True)
class Stop:
    """One row: mails of a scenario, to a domain, or all. `until`: when it ends by itself, None: never."""

    scope: Scope
    name: str
    state: State
    since: datetime
    until: datetime | None
    reason: str

    def holds(self, now: datetime) -> bool:
        """True while no such mail goes."""
        return self.state == "stopped" and (self.until is None or now < self.until)

    @property
    def words(self) -> str:
        """What a lead's timeline says. Always the same while the stop lasts, so that it is said once."""
        whose = {"all": "all mail", "scenario": f"mail of {self.name}", "domain": f"mail to {self.name}"}[self.scope]
        ends = "until somebody resumes it" if self.until is None else "and is tried again by itself"
        return f"{whose} is stopped {ends}: {self.reason}"


_OF_SCOPE = and_(mail_stops.c.scope == bindparam("in_scope"), mail_stops.c.name == bindparam("called"))
_ROWS = select(mail_stops).where(
    or_(
        mail_stops.c.scope == "all",
        and_(mail_stops.c.scope == "scenario", among(mail_stops.c.name, "scenarios")),
        and_(mail_stops.c.scope == "domain", among(mail_stops.c.name, "domains")),
    )
)
_TROUBLED = select(mail_tallies.c.name).where(mail_tallies.c.scope == "domain", among(mail_tallies.c.name)).distinct()
_TALLY = tuple(func.coalesce(func.sum(mail_tallies.c[each]), 0).label(each) for each in _COLUMNS)


def standing(conn: Connection, scenario: str | None, domain: str | None, now: datetime) -> Stop | None:
    """What stops a mail now: of all mail, else of its scenario, else of the domain it goes to."""
    found = {each.scope: each for each in _of(conn, [scenario or ""], [domain or ""]) if each.holds(now)}
    return found.get("all") or found.get("scenario") or found.get("domain")


def listed(conn: Connection) -> list[Stop]:
    """Every row, all mail first, then scenarios, then domains."""
    order = case({"all": 0, "scenario": 1}, value=mail_stops.c.scope, else_=2)
    return [_read(row) for row in conn.execute(select(mail_stops).order_by(order, mail_stops.c.name))]


def resume(conn: Connection, scope: Scope, name: str, *, now: datetime, by: str) -> Stop:
    """Let mail go again; what was counted before counts no more. Raises NurtureError where nothing stops it."""
    claim(conn, [_CLAIM])
    found = next((each for each in listed(conn) if (each.scope, each.name) == (scope, name)), None)
    if found is None or not found.holds(now):
        whose = {"all": "all mail", "scenario": f"mail of {name!r}", "domain": f"mail to {name!r}"}[scope]
        held = ", ".join(f"{each.scope} {each.name}".strip() for each in listed(conn) if each.holds(now)) or "nothing"
        raise NurtureError(f"{whose} is not stopped", where=f"stopped: {held}", do="look at `nurture mail stops`")
    if scope == "domain":
        _forget_domains(conn, [name])
    else:
        reason = f"resumed by {by}; it was stopped: {found.reason}"
        conn.execute(
            update(mail_stops).where(_OF_SCOPE).values(state="resumed", since=now, reason=reason),
            {"in_scope": scope, "called": name},
        )
    details = {"since": found.since.isoformat(), "reason": found.reason}
    audit.note(conn, "resume_mail", f"{scope} {name}".strip(), by=by, at=now, details=details)
    return found


# --- counting -------------------------------------------------------------------------------------------------------

_CLAIM = "mail stops"


def count(conn: Connection, told: Sequence[Outcome], rules: Breaker, now: datetime) -> list[Stop]:
    """Count what was told, and stop what does harm; returns what was stopped or warned of just now, to tell people.

    The last thing a transaction does: whoever counts for the same scenario waits until it is committed.
    """
    if not told:
        return []
    scenarios = sorted({each.scenario for each in told if each.scenario})
    domains = sorted({each.domain for each in told if each.domain})
    # one after the other: they would all wait for the row of this hour anyway, and so nobody waits for ever
    claim(conn, [_CLAIM])
    known = {(each.scope, each.name): each for each in _of(conn, scenarios, domains)}
    _tally(conn, told, known, since=now - rules.over.span)
    news = _judge(conn, "all", "", known.get(("all", "")), rules, now)
    for name in scenarios:
        news += _judge(conn, "scenario", name, known.get(("scenario", name)), rules, now)
    refused = any(each.what in ("turned_away", "deferred") for each in told)
    if refused or any(scope == "domain" for scope, _ in known) or conn.execute(_TROUBLED, {"of": domains}).first():
        news += _domains(conn, told, known, now)
        conn.execute(delete(mail_tallies).where(mail_tallies.c.hour < now - rules.over.span - _FORGOTTEN))
    return news


def _of(conn: Connection, scenarios: Sequence[str], domains: Sequence[str]) -> list[Stop]:
    return [_read(row) for row in conn.execute(_ROWS, {"scenarios": scenarios, "domains": domains})]


def _read(row: Any) -> Stop:
    return Stop(row.scope, row.name, row.state, row.since, row.until, row.reason)


def _tally(conn: Connection, told: Iterable[Outcome], known: dict[Any, Stop], *, since: datetime) -> None:
    counts: Counter[tuple[str, str, datetime, str]] = Counter()
    for each in told:
        column = _COUNTED.get(each.what)
        for scope, name in (("all", ""), ("scenario", each.scenario)) if column is not None else ():
            stop = known.get((scope, name))
            hour = each.sent_at.replace(minute=0, second=0, microsecond=0)
            begins = since
            if stop is not None and stop.state == "resumed":  # the hour of a resume is cut in two
                begins = max(since, stop.since)
                hour = max(hour, stop.since)
            if name is not None and column is not None and each.sent_at >= begins:
                counts[scope, name, hour, column] += 1
    _add(conn, counts)


def _add(conn: Connection, counts: Counter[tuple[str, str, datetime, str]]) -> None:
    """Add to the rows, in the order of their keys, so that two who add to several never wait for each other."""
    rows: dict[tuple[str, str, datetime], dict[str, Any]] = {}
    for (scope, name, hour, column), number in sorted(counts.items()):
        row = rows.setdefault(
            (scope, name, hour), {"scope": scope, "name": name, "hour": hour, **dict.fromkeys(_COLUMNS, 0)}
        )
        row[column] += number
    if rows:
        make = postgresql.insert if conn.dialect.name == "postgresql" else sqlite.insert
        fresh: Any = make(mail_tallies)
        sums = {each: mail_tallies.c[each] + fresh.excluded[each] for each in _COLUMNS}
        conn.execute(
            fresh.on_conflict_do_update(index_elements=["scope", "name", "hour"], set_=sums), list(rows.values())
        )


def _judge(conn: Connection, scope: Scope, name: str, before: Stop | None, rules: Breaker, now: datetime) -> list[Stop]:
    if before is not None and before.state == "stopped":
        return []
    begins = now - rules.over.span
    resumed = before is not None and before.state == "resumed" and before.since > begins
    if before is not None and resumed:
        begins = before.since
    row = conn.execute(
        select(*_TALLY).where(mail_tallies.c.scope == scope, mail_tallies.c.name == name, mail_tallies.c.hour >= begins)
    ).one()
    found = breaker.judge(breaker.Tally(row.delivered, row.dead, row.returned, row.spam), rules)
    if found is None:
        if before is not None and not resumed:
            conn.execute(delete(mail_stops).where(_OF_SCOPE), {"in_scope": scope, "called": name})
        return []
    if found.level == "warned" and before is not None and (resumed or before.state == "warned"):
        return []  # told before; a row that says since when is counted must stay
    stop = Stop(scope, name, found.level, now, None, found.reason)
    _put(conn, stop, times=0)
    return [stop]


def _put(conn: Connection, stop: Stop, *, times: int) -> None:
    of = {"in_scope": stop.scope, "called": stop.name}
    conn.execute(delete(mail_stops).where(_OF_SCOPE), of)
    conn.execute(
        insert(mail_stops).values(
            scope=stop.scope, name=stop.name, state=stop.state, since=stop.since, until=stop.until, times=times,
            reason=stop.reason,
        )
    )  # fmt: skip


# --- domains that turn mail away ------------------------------------------------------------------------------------


def _forget_domains(conn: Connection, names: Sequence[str]) -> None:
    for table in (mail_tallies, mail_stops):
        conn.execute(delete(table).where(table.c.scope == "domain", among(table.c.name)), {"of": names})


def _domains(conn: Connection, told: Sequence[Outcome], known: dict[Any, Stop], now: datetime) -> list[Stop]:
    """Leave alone the domains that turn everything away; one that takes a mail again is forgotten."""
    took: dict[str, datetime] = {}
    for each in told:
        recent = each.at > now - breaker.TURNED_AWAY_WITHIN  # what is told late says nothing of now
        if each.what == "delivered" and each.domain and recent:
            took[each.domain] = max(each.at, took.get(each.domain, each.at))
    _forget_domains(conn, sorted(took))
    counts: Counter[tuple[str, str, datetime, str]] = Counter()
    for each in told:
        if (
            each.what in ("turned_away", "deferred")
            and each.domain
            and each.at > took.get(each.domain, each.at - _STRETCH)
        ):
            stretch = each.at - timedelta(seconds=each.at.timestamp() % _STRETCH.total_seconds())
            counts["domain", each.domain, stretch, "returned"] += 1
    _add(conn, counts)
    news: list[Stop] = []
    for name in sorted({key[1] for key in counts}):
        before = known.get(("domain", name)) if name not in took else None
        if before is not None and before.holds(now):
            continue
        refused = conn.execute(
            select(func.coalesce(func.sum(mail_tallies.c.returned), 0)).where(
                mail_tallies.c.scope == "domain",
                mail_tallies.c.name == name,
                mail_tallies.c.hour > now - breaker.TURNED_AWAY_WITHIN - _STRETCH,
            )
        ).scalar_one()
        if refused < breaker.TURNED_AWAY and before is None:
            continue
        times = 0 if before is None else _times(conn, name) + 1
        reason = f"{name} turned mails away, and took none since"
        stop = Stop("domain", name, "stopped", now, now + breaker.rest(times), reason)
        _put(conn, stop, times=times)
        news.append(stop)
    conn.execute(delete(mail_stops).where(mail_stops.c.scope == "domain", mail_stops.c.until < now - _FORGOTTEN))
    return news


def _times(conn: Connection, name: str) -> int:
    found = select(mail_stops.c.times).where(_OF_SCOPE)
    return int(conn.execute(found, {"in_scope": "domain", "called": name}).scalar_one())
