"""Keeps the numbered snapshots of the `scenarios/` folder and holds them ready; refuses to judge what is in them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from sqlalchemy import Connection, Engine, func, insert, or_, select

from adapters.database import audit, numbering, stirring
from adapters.database.engine import reading
from adapters.database.locks import claim
from adapters.database.pages import cursor_after, number_cursor, rows_of_a_page
from adapters.database.schema import deployments, enrolments, handoffs, leads
from adapters.database.sequence import Deployments, append_to_all, current_deployment, lock_many
from nurture.definitions import Definitions
from nurture.entries import Deployed
from nurture.errors import MissingDeployment, NurtureError, Problem
from nurture.loading import definitions_of
from nurture.pinned import lacking

_FILED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Deployment:
    """One numbered snapshot. `created` is False where the folder was already current; `told`: leads that will hear."""

    number: int
    sha256: str
    created: bool
    told: int = 0


@dataclass(frozen=True, slots=True)
class Stranded:
    """Leads that walk, or wait for, a scenario of an older deployment, and what it would lack under the new files."""

    scenario: str
    deployment: int
    leads: int
    problems: tuple[Problem, ...]
    files: Mapping[str, str]


class DeployRefused(NurtureError):
    """The files take something away that scenarios with leads in them need; nothing was deployed."""

    def __init__(self, stranded: Sequence[Stranded]) -> None:
        self.stranded = tuple(stranded)
        number = sum(each.leads for each in stranded)
        named = ", ".join(f"{each.scenario} of deployment {each.deployment}" for each in stranded)
        super().__init__(
            f"{number} lead(s) walk scenarios that need what these files do not have: {named}",
            do="keep it until they have ended, or move them with `nurture migrate`",
        )


def stranded(conn: Connection, files: Mapping[str, str]) -> list[Stranded]:
    """The running scenarios that these files would leave without something they name, with counts."""
    walked = conn.execute(
        select(enrolments.c.scenario, enrolments.c.deployment, func.count())
        .where(enrolments.c.state.in_(("enrolled", "queued")))
        .group_by(enrolments.c.scenario, enrolments.c.deployment)
        .order_by(enrolments.c.scenario, enrolments.c.deployment)
    ).all()
    found = []
    for scenario, number, count in walked:
        pinned = conn.execute(select(deployments.c.files).where(deployments.c.number == number)).scalar()
        problems = lacking(pinned, scenario, files) if pinned is not None else ()
        if problems:
            found.append(Stranded(scenario, number, count, problems, pinned or {}))
    return found


def content_hash(files: Mapping[str, str], holidays: Iterable[date]) -> str:
    """What two equal snapshots have in common, and no two others."""
    content = [sorted(files.items()), sorted(day.isoformat() for day in holidays)]
    return hashlib.sha256(json.dumps(content, ensure_ascii=False).encode()).hexdigest()


def number_before(conn: Connection, store: Deployments) -> None:
    """Number what was told and has no number yet: it happened under the deployment before, and is judged by that.

    To be called in the transaction that deploys, before anything else in it.
    """
    claim(conn, ["a deployment"])
    while waiting := numbering.leads_with_unfiled(conn, _FILED_AT_ONCE):
        numbering.file_all(conn, lock_many(conn, waiting), store)


def deploy(
    conn: Connection,
    files: Mapping[str, str],
    holidays: Iterable[date],
    *,
    by: str | None,
    now: datetime,
    real_now: datetime,
    hot: Collection[str] = (),
    hand_over: bool = False,
) -> Deployment:
    """Make the files the current deployment and tell the leads it affects; the same content again changes nothing.

    The files are taken as they are: whether they are sound was decided before (`nurture.loading`). `hot` are the leads
    they make hot; with `hand_over` these go to sales, even those whose workflow was never started. Raises DeployRefused
    where a running scenario of an older deployment needs what they do not have.
    """
    claim(conn, ["a deployment"])
    days = sorted(set(holidays))
    sha256 = content_hash(files, days)
    newest = conn.execute(
        select(deployments.c.number, deployments.c.sha256).order_by(deployments.c.number.desc()).limit(1)
    ).first()
    if newest is not None and newest.sha256 == sha256:
        return Deployment(newest.number, sha256, created=False)
    without = stranded(conn, files)
    if without:
        raise DeployRefused(without)
    number = (newest.number if newest is not None else 0) + 1
    conn.execute(
        insert(deployments).values(
            number=number,
            sha256=sha256,
            files=dict(files),
            holidays=[day.isoformat() for day in days],
            deployed_at=now,
            deployed_real=real_now,
            by=by,
        )
    )
    audit.note(conn, "deploy", str(number), by=by, at=now, details={"sha256": sha256})
    entry = Deployed(seq=0, at=now, received_at=now, deployment=number)
    told = append_to_all(conn, [lead for lead in affected(conn) if lead not in hot], entry)
    told += append_to_all(conn, sorted(hot), entry.model_copy(update={"hand_over": hand_over}), wake=hand_over)
    stirring.stir_all(conn)
    return Deployment(number, sha256, created=True, told=told)


def release(conn: Connection, several: Sequence[str], now: datetime) -> int:
    """Let these leads go to sales, whom a deployment has made hot; returns how many there were."""
    entry = Deployed(seq=0, at=now, received_at=now, deployment=current_deployment(conn), hand_over=True)
    return append_to_all(conn, several, entry, wake=True)


def affected(conn: Connection) -> list[str]:
    """The leads that hear of a new deployment: in a scenario, queued, blocked, or with an open handoff."""
    walking = select(enrolments.c.lead).where(enrolments.c.state.in_(("enrolled", "queued")))
    with_sales = select(handoffs.c.lead).where(handoffs.c.state.in_(("open", "accepted")))
    return list(
        conn.execute(
            select(leads.c.id)
            .where(or_(leads.c.id.in_(walking), leads.c.id.in_(with_sales), leads.c.status == "blocked"))
            .order_by(leads.c.id)
        ).scalars()
    )


class DeploymentStore:
    """Every deployment a process has needed so far, read once and kept; safe to use from many threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._lock = threading.Lock()
        self._by_number: dict[int, Definitions] = {0: Definitions()}
        self._by_content: dict[str, Definitions] = {}
        self._current = 0
        self._asked = False

    def current(self) -> Definitions:
        """The newest deployment as of the last `refresh` (done by itself at the first call); empty where none is."""
        if not self._asked:
            self.refresh()
        return self.get(self._current)

    def refresh(self) -> int:
        """Look for a newer deployment, load it, and return its number."""
        with reading(self.engine) as conn:
            number = current_deployment(conn)
        self.get(number)
        self._current = max(self._current, number)
        self._asked = True
        return self._current

    def get(self, number: int) -> Definitions:
        """The definitions of a deployment, read from the database where this process has not; MissingDeployment."""
        found = self._by_number.get(number)
        if found is not None:
            return found
        with self._lock:
            if number not in self._by_number:
                self._by_number[number] = self._load(number)
            return self._by_number[number]

    def numbers(self) -> tuple[int, ...]:
        """The numbers of all deployments there are, ascending."""
        with reading(self.engine) as conn:
            return tuple(conn.execute(select(deployments.c.number).order_by(deployments.c.number)).scalars())

    def files(self, number: int) -> dict[str, str]:
        """The files of a deployment as they were written (relative path → text); raises MissingDeployment."""
        with reading(self.engine) as conn:
            found = conn.execute(select(deployments.c.files).where(deployments.c.number == number)).scalar()
        if found is None:
            raise MissingDeployment(number)
        return dict(found)

    def _load(self, number: int) -> Definitions:
        with reading(self.engine) as conn:
            row = conn.execute(select(deployments).where(deployments.c.number == number)).first()
        if row is None:
            raise MissingDeployment(number)
        same = self._by_content.get(row.sha256)
        if same is not None:
            return replace(same, number=number)
        days = frozenset(date.fromisoformat(day) for day in row.holidays)
        definitions = definitions_of(row.files, holidays=days, number=number, stored=True)
        self._by_content[row.sha256] = definitions
        return definitions


@dataclass(frozen=True, slots=True)
class Listed:
    """One deployment in a list: when it was made (nurture's clock), by whom, and how many files it has."""

    number: int
    at: datetime
    by: str | None
    files: int


def listed(conn: Connection) -> list[Listed]:
    """Every deployment, the newest first."""
    rows = conn.execute(
        select(deployments.c.number, deployments.c.deployed_at, deployments.c.by, deployments.c.files).order_by(
            deployments.c.number.desc()
        )
    )
    return [Listed(row.number, row.deployed_at, row.by, len(row.files)) for row in rows]


@dataclass(frozen=True, slots=True)
class Told:
    """One deployment as a page lists it: when it was made (nurture's clock), and by whom."""

    number: int
    at: datetime
    by: str | None


def page(conn: Connection, limit: int | None = None, cursor: str | None = None) -> tuple[list[Told], str | None]:
    """One page of deployments, the newest first, and the cursor of the next; their files are not read."""
    wanted, before = rows_of_a_page(limit), number_cursor(cursor)
    query = select(deployments.c.number, deployments.c.deployed_at, deployments.c.by)
    if before is not None:
        query = query.where(deployments.c.number < before)
    rows = conn.execute(query.order_by(deployments.c.number.desc()).limit(wanted + 1)).all()
    following = cursor_after(rows[wanted - 1].number) if len(rows) > wanted else None
    return [Told(row.number, row.deployed_at, row.by) for row in rows[:wanted]], following


def deployed_counts(conn: Connection) -> dict[int, int]:
    """How many leads walk or wait in each deployment that still has any."""
    rows = conn.execute(
        select(enrolments.c.deployment, func.count())
        .where(enrolments.c.state.in_(("enrolled", "queued")))
        .group_by(enrolments.c.deployment)
        .order_by(enrolments.c.deployment)
    )
    return {number: count for number, count in rows}  # noqa: C416 - rows are not pairs to mypy
