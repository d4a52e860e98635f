"""Rule 5 of the design: the score on any past date, as known then (what was shown) and as known now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from adapters.database import deployments, leads, numbering, positions
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import open_database, reading, writing
from adapters.database.events import MailEvent, accept, accept_mail
from adapters.database.explaining import standpoint
from adapters.database.history import past_leads
from adapters.database.leads import LeadUpsert
from adapters.database.schema import sends
from adapters.database.scores import with_scores
from adapters.scenario_folder import read_folder
from nurture import scoring
from nurture.explained import Known, Standpoint
from nurture.judging import Situation
from nurture.records import Line, Position, Record
from nurture.state import State

START = datetime(2026, 9, 1, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
LEAD = "a"
MAIL = f"{LEAD}/seminar_to_demo/1/newsletter/1"
EVENTS = [
    ("visited", "/pricing"), ("requested", "demo"), ("attended", "consultation"), ("attended", "seminar/a"),
    ("attended", "seminar/b"), ("downloaded", "whitepaper/a"), ("downloaded", "whitepaper/b"), ("opened", "x"),
]  # fmt: skip
PROFILES: list[dict[str, Any]] = [
    {"employees": 60}, {"employees": 150, "industry": "telecom"}, {"title": "section_head"}, {"title": None},
    {"industry": "other", "relation": "prospect"},
]  # fmt: skip


@dataclass
class History:
    """One lead whose score is looked at after everything that happens. `shown`: what the API showed, by instant."""

    engine: Engine
    dice: Random
    files: dict[str, str]
    now: datetime = START
    number: int = 0
    clicks: int = 0
    records: int = 0
    shown: dict[datetime, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = DeploymentStore(self.engine)

    def deploy(self, files: dict[str, str]) -> None:
        """Make other files current."""
        self.files = files
        with writing(self.engine) as conn:
            deployments.deploy(conn, files, [], by="t", now=self.now, real_now=self.now)
        self.store.refresh()

    def happen(self) -> None:
        """Something, some time after what was before; then a look."""
        self.now += self.dice.choice([SECOND, 6 * 3600 * SECOND, 3 * DAY, 20 * DAY])
        ways: list[Callable[[], None]] = [
            self.profile, self.event, self.event, self.late_event, self.click, self.clicks_of_a_machine, self.model,
            self.scenario_sets, self.nothing,
        ]  # fmt: skip
        self.dice.choice(ways)()
        self.look()

    def look(self) -> None:
        """What the API shows of the score, at an instant at which nothing else happens."""
        self.now += SECOND
        with reading(self.engine) as conn:
            view = leads.view(conn, LEAD)
            assert view is not None
            (found,) = with_scores(conn, [view], self.store.current(), self.now)
        self.shown[self.now] = found["score"]

    def nothing(self) -> None:
        """Only time passes."""

    def profile(self) -> None:
        said = LeadUpsert.model_validate({"id": LEAD, "attributes": self.dice.choice(PROFILES)})
        with writing(self.engine) as conn:
            leads.upsert(conn, said, store=self.store, now=self.now)

    def event(self, ago: timedelta = timedelta(0)) -> None:
        self.number += 1
        kind, subject = self.dice.choice(EVENTS)
        at = (self.now - ago).isoformat()
        said = {"id": f"e{self.number}", "lead": LEAD, "type": kind, "subject": subject, "at": at}
        with writing(self.engine) as conn:
            assert accept(conn, [said], store=self.store, now=self.now).accepted == 1
            if self.dice.random() < 0.7:
                numbering.file_events(conn, LEAD, self.store)

    def late_event(self) -> None:
        """One that happened a while ago."""
        self.event(self.dice.choice([1, 15, 40]) * DAY)

    def click(self, *more: timedelta) -> None:
        """A click of the lead's mail, told some days later; with `more`, further links clicked so long after it."""
        self.clicks += 1
        at = self.now - 2 * DAY
        for place, after in enumerate((timedelta(0), *more)):
            said = {
                "id": f"c{self.clicks}-{place}", "send": MAIL, "type": "clicked", "at": at + after,
                "address": "a@example.com", "url": f"https://example.com/{place}", "url_offset": str(place),
            }  # fmt: skip
            with writing(self.engine) as conn:
                accept_mail(conn, [MailEvent.model_validate(said)], self.now, self.store.current().sender)
                if self.dice.random() < 0.3:
                    numbering.file_events(conn, LEAD, self.store)
            self.look()
            self.now += SECOND

    def clicks_of_a_machine(self) -> None:
        """Three links within five seconds: the third shows that the first two, which counted, were none of a person."""
        self.click(2 * SECOND, 4 * SECOND)

    def model(self) -> None:
        """Other points, or another set of items."""
        text = self.files["score.yaml"]
        other = self.dice.choice([
            text.replace("points: 50", "points: 45"), text.replace("points: 45", "points: 50"),
            text.replace("cap: 30", "cap: 45"), text.replace("half_life: 30d", "half_life: 10d"),
        ])  # fmt: skip
        self.deploy({**self.files, "score.yaml": other})

    def scenario_sets(self) -> None:
        """A step writes an attribute: that is no profile."""
        self.records += 1
        name, value, text = self.dice.choice([
            ("employees", 130, "130"), ("title", "chief", "chief"), ("title", None, "null"), ("values", ["x"], '["x"]'),
        ])  # fmt: skip
        record = Record(
            lead=LEAD, number=self.records, state=State(lead=LEAD, records=self.records, seq=10_000),
            position=Position(), attributes={name: value},
            lines=(Line(at=self.now, kind="decision", what="set", subject=name, reason=text),),
        )  # fmt: skip
        with writing(self.engine) as conn:
            positions.write(conn, LEAD, [record])

    def asked(self, at: datetime, known: Known) -> Standpoint:
        """The explanation that is given at the end."""
        with reading(self.engine) as conn:
            found = standpoint(conn, LEAD, self.store, self.store.current().number, self.now, at=at, known=known)
        assert found is not None
        return found


@pytest.fixture(params=range(4))
def history(request: pytest.FixtureRequest, database_url: str) -> Iterator[History]:
    """A lead with one mail, and thirty things that happen."""
    engine = open_database(database_url)
    made = History(engine, Random(request.param), read_folder(Path("scenarios")))
    made.deploy(made.files)
    with writing(engine) as conn:
        said = LeadUpsert.model_validate({"id": LEAD, "email": "a@example.com"})
        leads.upsert(conn, said, store=made.store, now=made.now)
        sent = {"attempted_at": START - 9 * DAY, "accepted_at": START - 9 * DAY, "state": "accepted"}
        conn.execute(
            insert(sends).values(
                key=MAIL, lead=LEAD, scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, **sent,
            )
        )  # fmt: skip
    made.look()
    for _ in range(30):
        made.happen()
    yield made
    engine.dispose()


def test_rule_5_the_score_as_known_then_is_what_was_shown(history: History) -> None:
    """At every instant at which it was looked at, whatever was told, taken back, changed or deployed since."""
    now: dict[datetime, float] = {}
    for at, shown in history.shown.items():
        then, now[at] = history.asked(at, "then").score(), history.asked(at, "now").score().total
        assert {each.item: each.points for each in then.items} == pytest.approx(shown["items"])
        sums = (then.total, then.attributes, then.behaviours)
        assert sums == pytest.approx((shown["total"], shown["attributes"], shown["behaviours"]))
    assert any(now[at] != pytest.approx(shown["total"]) for at, shown in history.shown.items())
    newest = max(history.shown)
    assert now[newest] == pytest.approx(history.shown[newest]["total"]), "nothing is known later than at the end"


def test_rule_5_the_score_as_known_now_counts_what_really_happened_by_then(history: History) -> None:
    """By the current model and attributes, exactly the events that stand today and had happened by that day."""
    current = history.store.current()
    with reading(history.engine) as conn:
        (lead,) = past_leads(conn)
    for at in list(history.shown)[::3]:
        facts = lead.facts(scoring.wanted(current.score), until=at)
        wanted = scoring.Scorer(current)(Situation(at, lead.attributes, facts, {}))
        found = history.asked(at, "now").score()
        assert found.deployment == current.number
        assert {each.item: each.points for each in found.items} == pytest.approx(wanted.items)
        for item in found.items:
            assert item.kind == "attribute" or sum(each.faded for each in item.events) == pytest.approx(item.points)
