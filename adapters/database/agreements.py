"""Keeps what marketing and sales agree on in the console: proposed by one, confirmed by the other; judges neither.

An agreement is about hot_lead.yaml as it is deployed, or with another threshold, or about words alone. Nothing is
deployed by it: definitions are changed in their files. What was decided is never changed, only withdrawn before it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, String, cast, func, insert, null, select, update

from adapters.database import audit
from adapters.database.locks import claim
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page
from adapters.database.schema import agreements, deployments
from adapters.database.sequence import current_deployment
from nurture.accords import Accord, Accords, Version, accords, agreed_once_deployed
from nurture.agreement import FILE, agreed_by, read_hot_lead, same
from nurture.definitions import Agreed, HotLead
from nurture.errors import NurtureError
from nurture.reading import read_source
from nurture.threshold import with_threshold

Department = Literal["marketing", "sales"]
DEPARTMENTS: tuple[Department, ...] = ("marketing", "sales")
State = Literal["proposed", "agreed", "withdrawn"]
LONGEST_NAME, LONGEST_NOTE = 100, 2000
SCORE = "score.yaml"


class UnknownAgreement(NurtureError):
    """There is none with this number."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no agreement {number}", do="look at GET /api/agreements")


class NoDefinition(NurtureError):
    """There is nothing to agree on but words."""

    def __init__(self, deployment: int) -> None:
        do = "write the definition first: docs/qualification.md shows one"
        super().__init__(f"there is no {FILE} in deployment {deployment}", where=FILE, do=do)


class AgreementRefused(NurtureError):
    """It cannot be done as things stand; `why` says what stands in the way."""

    def __init__(self, why: Literal["ended", "open", "same_person", "not_yours"], what: str, do: str) -> None:
        super().__init__(what, do=do)
        self.why = why


class DefinitionChanged(NurtureError):
    """The definition that was looked at is not the deployed one any more; both deployments are named.

    `points`: it is the same, and score.yaml gives other points for what it asks.
    """

    def __init__(self, seen: int, current: int, *, points: bool, do: str) -> None:
        what = f"the points of {SCORE} have changed" if points else "the definition has changed"
        super().__init__(f"{what}: deployment {seen} was looked at, {current} is current", do=do)
        self.seen, self.current, self.points = seen, current, points


@dataclass(frozen=True, slots=True)
class Party:
    """Who speaks for a department: the `name` that is shown, and the `login` (`key:NAME` of a key) that says so."""

    department: Department
    name: str
    login: str


@dataclass(frozen=True, slots=True)
class Terms:
    """What is agreed on. `seen`: the deployment that was looked at; `total`: another threshold than its own.

    Without `seen` no definition is agreed on, only what `note` says.
    """

    day: str
    note: str
    seen: int | None = None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class Agreement:
    """One row. `names` and `logins` by department; a department without a login has not confirmed.

    `text`: hot_lead.yaml as agreed on; None: only the note was. `deployment`: the one that was looked at then;
    `agreed_in`: that which was current when both had agreed.
    """

    number: int
    state: State
    day: str
    note: str
    names: Mapping[Department, str]
    logins: Mapping[Department, str]
    deployment: int | None
    text: str | None
    proposed_at: datetime
    ended_at: datetime | None
    ended_by: str | None
    why: str | None
    agreed_in: int | None

    @property
    def open_for(self) -> Department | None:
        """The department that has still to confirm."""
        if self.state != "proposed":
            return None
        return next((each for each in DEPARTMENTS if each not in self.logins), None)

    @property
    def hot(self) -> HotLead | None:
        """The definition that was agreed on."""
        return read_hot_lead(self.text)

    @property
    def agreed(self) -> Agreed:
        """As hot_lead.yaml has it."""
        return agreed_by([self.names[each] for each in DEPARTMENTS if each in self.names], self.day)


def propose(
    conn: Connection, terms: Terms, parties: tuple[Party, ...], *, other: str | None = None, now: datetime
) -> Agreement:
    """A draft of one party, or of two what is agreed at once. `other`: who of the other department is expected.

    Raises AgreementRefused where a draft is open already, DefinitionChanged, NoDefinition, and what `with_threshold`
    raises.
    """
    _claim(conn)
    if open_one(conn) is not None:
        raise AgreementRefused("open", "a proposal waits for its answer already", "confirm or withdraw that one first")
    names: dict[str, str] = {each.department: each.name for each in parties}
    if other is not None:
        names |= {each: other for each in DEPARTMENTS if each not in names}
    logins = {each.department: each.login for each in parties}
    both = len(logins) == len(DEPARTMENTS)
    number = conn.execute(
        insert(agreements)
        .values(
            state="agreed" if both else "proposed", day=terms.day, note=terms.note, deployment=terms.seen,
            text=_text_of(conn, terms), proposed_at=now, ended_at=now if both else None,
            agreed_in=current_deployment(conn) if both else None,
            **{each: names.get(each) for each in DEPARTMENTS},
            **{f"{each}_login": logins.get(each) for each in DEPARTMENTS},
        )
        .returning(agreements.c.id)
    ).scalar_one()  # fmt: skip
    _note(conn, "agree" if both else "propose_agreement", number, terms.day, now)
    return get(conn, number)


def confirm(conn: Connection, number: int, party: Party, *, alone: bool = False, now: datetime) -> Agreement:
    """The other department agrees, so that it is agreed. `alone`: the same login may speak for both.

    Raises UnknownAgreement, AgreementRefused where it is no draft, waits for another department, or comes from the
    login that proposed it; DefinitionChanged where what it is about was changed since.
    """
    _claim(conn)
    found = _draft(conn, number)
    if party.login in found.logins.values() and not alone:
        raise AgreementRefused(
            "same_person", "whoever proposes it cannot confirm it", "let somebody of the other department log in"
        )
    if found.open_for != party.department:
        raise AgreementRefused(
            "not_yours", f"it waits for {found.open_for}, not for {party.department}",
            f"let somebody of {found.open_for} confirm it",
        )  # fmt: skip
    check_fresh(conn, found)
    conn.execute(
        update(agreements)
        .where(agreements.c.id == number)
        .values({"state": "agreed", "ended_at": now, "agreed_in": current_deployment(conn),
                 party.department: party.name, f"{party.department}_login": party.login})
    )  # fmt: skip
    _note(conn, "agree", number, found.day, now)
    return get(conn, number)


def withdraw(conn: Connection, number: int, *, by: str, why: str | None, now: datetime) -> Agreement:
    """The draft is none any more. Raises UnknownAgreement, AgreementRefused where it is none."""
    _claim(conn)
    found = _draft(conn, number)
    values = {"state": "withdrawn", "ended_at": now, "ended_by": by, "why": why}
    conn.execute(update(agreements).where(agreements.c.id == number).values(values))
    _note(conn, "withdraw_agreement", number, found.day, now)
    return get(conn, number)


def get(conn: Connection, number: int) -> Agreement:
    """One of them. Raises UnknownAgreement."""
    row = conn.execute(select(agreements).where(agreements.c.id == number)).first()
    if row is None:
        raise UnknownAgreement(number)
    return _read(row)


def open_one(conn: Connection) -> Agreement | None:
    """The draft that waits for the other department; there is at most one."""
    row = conn.execute(select(agreements).where(agreements.c.state == "proposed")).first()
    return _read(row) if row is not None else None


def page(conn: Connection, limit: int | None = None, cursor: str | None = None) -> tuple[list[Agreement], str | None]:
    """One page of all, the newest first, and the cursor of the next."""
    wanted, before = rows_of_a_page(limit), number_cursor(cursor)
    query = select(agreements).order_by(agreements.c.id.desc()).limit(wanted + 1)
    if before is not None:
        query = query.where(agreements.c.id < before)
    rows = conn.execute(query).all()
    following = cursor_after(rows[wanted - 1].id) if len(rows) > wanted else None
    return [_read(row) for row in rows[:wanted]], following


def standing(conn: Connection) -> Accords:
    """Everything that was agreed, in files and in the console, and what of it is in force."""
    return accords(versions(conn), _made(conn))


def agreed_on(conn: Connection, hot: HotLead | None) -> bool:
    """True where the page would call it agreed on, were it deployed now: by its file, or in the console."""
    return agreed_once_deployed(hot, versions(conn), _made(conn))


def _made(conn: Connection) -> list[Accord]:
    rows = conn.execute(select(agreements).where(agreements.c.state == "agreed").order_by(agreements.c.id))
    return [_accord(_read(row)) for row in rows]


def versions(conn: Connection) -> list[Version]:
    """hot_lead.yaml through all deployments, the oldest first: only those in which its text is another one."""
    text = deployments.c.files[FILE].as_string()
    each = select(
        deployments.c.number, deployments.c.deployed_at, deployments.c.by, text.label("text"),
        func.lag(func.coalesce(text, "")).over(order_by=deployments.c.number).label("before"),
    ).subquery()  # fmt: skip
    differs = each.c.before.is_distinct_from(func.coalesce(each.c.text, cast("", String)))
    rows = conn.execute(select(each).where(differs).order_by(each.c.number))
    return [Version(row.number, row.deployed_at, row.by, read_hot_lead(row.text)) for row in rows]


def deployed_text(conn: Connection) -> str | None:
    """hot_lead.yaml as it is deployed; None where there is none."""
    return _file(conn, current_deployment(conn), FILE)


def deployed_hot(conn: Connection, number: int) -> HotLead | None:
    """The definition of a deployment."""
    return read_hot_lead(_file(conn, number, FILE))


def check_fresh(conn: Connection, draft: Agreement) -> None:
    """Raise DefinitionChanged where the deployed definition is neither what the draft began from nor what it wants."""
    if draft.deployment is None:
        return
    current, do = current_deployment(conn), "withdraw it, and propose anew what you agree on"
    if not same(read_hot_lead(_file(conn, current, FILE)), draft.hot):
        _compare(conn, draft.deployment, current, do)
    elif not _same_score(conn, draft.deployment, current):
        raise DefinitionChanged(draft.deployment, current, points=True, do=do)


def _text_of(conn: Connection, terms: Terms) -> Any:
    """The definition that is agreed on. Raises DefinitionChanged where another one was looked at."""
    if terms.seen is None:
        return null()
    current = current_deployment(conn)
    text = _file(conn, current, FILE)
    if text is None:
        raise NoDefinition(current)
    _compare(conn, terms.seen, current, "look at what has changed, and agree on that")
    return with_threshold(text, terms.total) if terms.total is not None else text


def _compare(conn: Connection, seen: int, current: int, do: str) -> None:
    """Raise DefinitionChanged where points or definition are others in the two deployments."""
    if seen == current:
        return
    one, other = (read_hot_lead(_file(conn, number, FILE)) for number in (seen, current))
    if not same(one, other):
        raise DefinitionChanged(seen, current, points=False, do=do)
    if not _same_score(conn, seen, current):
        raise DefinitionChanged(seen, current, points=True, do=do)


def _same_score(conn: Connection, seen: int, current: int) -> bool:
    """A threshold means something else where points are given for something else."""
    if seen == current:
        return True
    one, other = (_file(conn, number, SCORE) for number in (seen, current))
    return (
        one == other or read_source("score", SCORE, one or "").model == read_source("score", SCORE, other or "").model
    )


def _file(conn: Connection, number: int, name: str) -> str | None:
    asked = select(deployments.c.files[name].as_string()).where(deployments.c.number == number)
    text: str | None = conn.execute(asked).scalar()
    return text


def _draft(conn: Connection, number: int) -> Agreement:
    found = get(conn, number)
    if found.state != "proposed":
        words = {"agreed": "it is agreed already", "withdrawn": "it was withdrawn"}
        raise AgreementRefused("ended", words[found.state], "propose a new one")
    return found


def _claim(conn: Connection) -> None:
    """One at a time, and no deployment meanwhile."""
    claim(conn, ["a deployment", "an agreement"])


def _note(conn: Connection, did: str, number: int, day: str, now: datetime) -> None:
    """For auditors: `agree` as the command line notes it."""
    details = {"agreement": number, "date": day}
    audit.note(conn, did, FILE if did == "agree" else str(number), at=now, details=details)


def _accord(found: Agreement) -> Accord:
    at = found.ended_at or found.proposed_at
    return Accord(found.agreed, at, found.agreed_in or 0, found.hot, number=found.number, note=found.note or None)


def _read(row: Row[Any]) -> Agreement:
    names = {each: getattr(row, each) for each in DEPARTMENTS}
    logins = {each: getattr(row, f"{each}_login") for each in DEPARTMENTS}
    return Agreement(
        row.id, row.state, row.day, row.note, {each: name for each, name in names.items() if name},
        {each: login for each, login in logins.items() if login}, row.deployment, row.text, row.proposed_at,
        row.ended_at, row.ended_by, row.why, row.agreed_in,
    )  # fmt: skip
