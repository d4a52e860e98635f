"""All leads judged at once are the leads that are judged one by one, on random people under any definition."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import Engine, insert

from adapters.database import rescoring
from adapters.database.engine import reading, writing
from adapters.database.members import fitting
from adapters.database.rescoring import Question, all_fitting
from adapters.database.schema import events
from adapters.database.schema import leads as lead_rows
from nurture.definitions import Definitions
from nurture.loading import definitions_of
from nurture.membership import Membership
from nurture.qualification import hot_condition
from tests.database.conftest import NOW

DAY = timedelta(days=1)
RULES = (
    "any: [{score: total, at_least: 60}, {all: [{score: attributes, at_least: 10}, {score: behaviours, at_least: 9}]}]",
    "any: [{all: [{phase: {at_least: comparison}}, {did: {attended: consultation}}]}, {hot: true}]",
    "all: [{did: any, within: 30d, at_least: 3}]\nnot: [{attribute: relation, in: [customer]}, {segment: dormant}]",
    "all: [{score: newsletter_open, at_least: 5}, {did: {opened: newsletter_01}}]",
    "any: [{attribute: employees, at_least: 400}]",
)
TOLD = (
    ("opened", "newsletter_01"), ("opened", "newsletter_02"), ("clicked", "newsletter_01"),
    ("replied", "newsletter_02"), ("visited", "/pricing"), ("visited", "/pricing/plans"), ("visited", "/"),
    ("downloaded", "whitepaper/a"),
    ("attended", "seminar/a"), ("attended", "consultation"), ("requested", "demo"), ("delivered", "newsletter_01"),
)  # fmt: skip


def under(files: Mapping[str, str], rules: str) -> Definitions:
    """The sample folder with these rules."""
    hot = f"agreed: {{date: 2026-11-01, by: [sales]}}\n{rules}\nqueue: inside_sales\n"
    return definitions_of({**files, "hot_lead.yaml": hot}, stored=True)


def crowd(engine: Engine, count: int, seed: int) -> None:
    """Leads of every kind with up to fifteen events, some at one instant, some told by machines or taken back."""
    dice = Random(seed)
    with writing(engine) as conn:
        people: list[dict[str, Any]] = []
        did: list[dict[str, Any]] = []
        for number in range(count):
            attributes = {
                "employees": dice.randrange(500), "relation": dice.choice(["prospect", "customer"]),
                "industry": dice.choice(["telecom", "other"]), "title": dice.choice(["chief", "department_head", None]),
            }  # fmt: skip
            people.append(
                {"id": f"Lead_{number:04}" if number % 3 else f"見込み_{number:04}", "language": "ja",
                 "attributes": {name: value for name, value in attributes.items() if value is not None},
                 "created_at": NOW, "position": dice.choice([{}, {"hot": True}, {"hot": False}]),
                 "status": "erased" if dice.random() < 0.05 else "idle", "started": dice.random() < 0.5,
                 "pending": dice.random() < 0.2}
            )  # fmt: skip
            for turn in range(dice.randrange(16)):
                kind, subject = dice.choice(TOLD)
                at = NOW - dice.randrange(60) * DAY - timedelta(microseconds=dice.choice([0, 1]))
                did.append(
                    {"event": f"{number}/{turn}", "lead": people[-1]["id"], "type": kind, "subject": subject, "at": at,
                     "received_at": NOW, "send": dice.choice([None, "key 1", "key 2"]) if "news" in subject else None,
                     "automatic": dice.random() < 0.1, "reversed_at": NOW if dice.random() < 0.1 else None}
                )  # fmt: skip
        did += [{**did[0], "event": f"of nobody {lead}", "lead": lead} for lead in ("A", "Lead_0003x", "z", None)]
        conn.execute(insert(lead_rows), people)
        conn.execute(insert(events), did)


@pytest.mark.parametrize("seed", [1, 2])
def test_all_at_once_are_the_same_as_one_by_one(engine: Engine, files: Mapping[str, str], seed: int) -> None:
    """Who fits, who fitted before, the latch, and who sleeps, under every pair of definitions."""
    crowd(engine, 120, seed)
    several = [under(files, rules) for rules in RULES]
    found_any = 0
    for new, old in zip(several, [*several[1:], Definitions()], strict=True):
        with reading(engine) as conn:
            fit = {each.lead: each for each in all_fitting(conn, Question.of(new, old, NOW))}
            assert list(fit) == sorted(fitting(conn, Membership.of(_hot(new), new), NOW))
            before = fitting(conn, Membership.of(_hot(old), old), NOW, among=list(fit)) if old.hot_lead else []
            assert [lead for lead, each in fit.items() if each.before] == sorted(before)
            rows = {row.id: row for row in conn.execute(lead_rows.select())}
        assert {lead: (each.hot, each.asleep) for lead, each in fit.items()} == {
            lead: (bool(rows[lead].position.get("hot")), not (rows[lead].started or rows[lead].pending)) for lead in fit
        }
        found_any += 0 < len(fit) < len(rows)
    assert found_any == len(RULES)


def _hot(definitions: Definitions) -> Any:
    assert definitions.hot_lead is not None
    return hot_condition(definitions.hot_lead)


def test_several_processes_find_the_same_and_tell_how_far_they_are(
    engine: Engine, files: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the order of ids, whoever is ready first."""
    crowd(engine, 60, 3)
    question = Question.of(under(files, RULES[0]), under(files, RULES[1]), NOW)
    told: list[tuple[int, int]] = []
    with reading(engine) as conn:
        alone = all_fitting(conn, question)
        monkeypatch.setattr(rescoring, "WORTH_PROCESSES", 1)
        monkeypatch.setattr("os.cpu_count", lambda: 2)
        assert all_fitting(conn, question, lambda done, of: told.append((done, of))) == alone
    assert alone
    assert told[-1] == (60, 60)
