"""What is left of a person in the database once they were erased, and what they are told of before."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import JSON, Connection, String, Table, Text, func, insert, select, update
from sqlalchemy.exc import DBAPIError

from adapters.database import consents, disclosure, enrolments, erasures, handoffs, leads, numbering, scrubbing
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept, accept_mail, unsubscribe
from adapters.database.leads import LeadRefused, LeadUpsert
from adapters.database.mail_events import MailEvent
from adapters.database.merging import merge
from adapters.database.schema import Instant, audit, entries, events, metadata, sends
from adapters.database.schema import consents as consent_rows
from adapters.database.schema import leads as lead_rows
from adapters.database.schema import suppressions as suppression_rows
from adapters.database.sequence import UnknownLead
from nurture.commands import MakeHandoff
from nurture.definitions import FormConsent
from nurture.errors import UnknownName
from tests.database.conftest import NOW

LEAD, ADDRESS, MARK = "lead_1", "suzuki@example.com", "suzuki"
KEY = f"{LEAD}/invite/1/first/1"
WORDING = FormConsent(version="ja_1", text="お送りします")


def person(store: DeploymentStore, lead: str | None = LEAD, *, by_person: bool = False, **said: Any) -> str:
    """A lead as an import makes it, or as the person itself does by a form."""
    data = LeadUpsert.model_validate({"id": lead, "email": ADDRESS, "name": "鈴木 太郎", **said})
    wording = WORDING if by_person else None
    with writing(store.engine) as conn:
        done = leads.upsert(conn, data, store=store, now=NOW, wording=wording, by_person=by_person)
    return done.lead


def agreed(basis: str = "business_card") -> dict[str, Any]:
    """A consent to the newsletter."""
    return {"topics": ["newsletter"], "basis": basis, "source": "fair"}


def ask(store: DeploymentStore, *, now: Any = NOW) -> erasures.Erasure:
    """Somebody asks for the erasure."""
    with writing(store.engine) as conn:
        return erasures.ask(conn, LEAD, by="ops", now=now, real_now=NOW)


def finish(store: DeploymentStore, *, now: Any = NOW, lead: str = LEAD) -> None:
    """All that the workflow does in the database."""
    with writing(store.engine) as conn:
        scrubbing.scrub(conn, lead, now)
        erasures.provider_answered(conn, lead, "accepted", "job 1")
        erasures.consents_until(conn, lead)
        scrubbing.end(conn, lead, now)


def of(store: DeploymentStore) -> erasures.Erasure:
    """How far it is."""
    with reading(store.engine) as conn:
        found = erasures.of(conn, LEAD)
    assert found is not None
    return found


# --- every column of every table -------------------------------------------------------------------------------------

OWN: dict[str, Any] = {
    "lead": LEAD, "key": KEY, "send": KEY, "email": ADDRESS, "to": ADDRESS, "state": "ended", "semantic": None,
    "address_hash": consents.address_hash(ADDRESS), "reference": MARK, "custom_args": {"nurture_send": KEY, "x": MARK},
    "event": MARK, "filed": True, "seq": 77,
}  # fmt: skip
OF_TABLE: dict[str, dict[str, Any]] = {
    "sends": {"state": "held"}, "tellings": {"state": "pending"},
    "handoffs": {"id": f"{KEY}/task", "state": "won", "rep": "rep_1"},
    "enrolments": {"state": "queued", "finish": None, "ended_at": None},
    "webhook_outbox": {"event": {"email": ADDRESS}},
    "suppressions": {"reason": "bounced", "scope": "all"}, "entries": {"body": {"attributes": {"x": MARK}}},
    "merges": {"gone": LEAD, "keep": LEAD},
}  # fmt: skip


def filled(table: Table) -> dict[str, Any]:
    """A row of the person with their name in every column that is not said to be kept."""
    row: dict[str, Any] = {}
    for column in table.columns:
        name = column.name
        own = {**OWN, **OF_TABLE.get(table.name, {})}
        if name == "id" and column.autoincrement is True:
            continue
        if name in own:
            row[name] = own[name]
        elif isinstance(column.type, JSON):
            row[name] = {"x": MARK}
        elif isinstance(column.type, Instant):
            row[name] = NOW
        elif isinstance(column.type, String | Text):
            row[name] = "kept" if name in scrubbing.KEPT[table.name] else MARK
        else:
            row[name] = 1
    return row


def rows_with(conn: Connection, *marks: str) -> list[str]:
    """Every row of every table that holds one of these texts."""
    return [
        f"{table.name}: {row!r}"
        for table in metadata.sorted_tables
        if table.name != "deployments"
        for row in conn.execute(select(table)).all()
        if any(mark in json.dumps([repr(each) for each in row], ensure_ascii=False) for mark in marks)
    ]


def test_the_list_of_what_is_kept_names_every_table_and_no_column_that_is_not_there() -> None:
    """A new table has to be thought of; so has a new column, since the next test fills it with the person's name."""
    assert scrubbing.KEPT.keys() == metadata.tables.keys()
    for name, columns in scrubbing.KEPT.items():
        assert set(columns) - {"*"} <= set(metadata.tables[name].columns.keys()), name


def test_no_column_of_any_table_keeps_what_is_not_said_to_be_kept(deployed: DeploymentStore) -> None:
    """The name stands in every text and JSON column there is; afterwards it stands nowhere."""
    person(deployed)
    about_leads = [name for name, columns in scrubbing.KEPT.items() if "*" not in columns]
    with writing(deployed.engine) as conn:
        conn.execute(
            update(lead_rows).values({"attributes": {"x": MARK}, "position": {"x": MARK}, "state": {"x": MARK}})
        )
        conn.execute(update(lead_rows).values(scenario=MARK, step=MARK, time_zone=MARK))
        conn.execute(metadata.tables["lead_words"].delete())  # a lead has one row
        for name in sorted(set(about_leads) - {"leads", "erasures", "audit"}):
            conn.execute(insert(metadata.tables[name]).values(filled(metadata.tables[name])))
        parked = {**filled(events), "event": "parked", "lead": None, "lead_hint": f"email:{ADDRESS}"}
        conn.execute(insert(events).values(parked))
        nameless = {"erasures", "audit", "enrolments", "merges"}
        assert {row.partition(":")[0] for row in rows_with(conn, MARK)} >= set(about_leads) - nameless
    ask(deployed)
    finish(deployed)
    with reading(deployed.engine) as conn:
        assert rows_with(conn, MARK, "鈴木") == []
        for name in ("sends", "handoffs", "enrolments"):
            assert conn.execute(select(func.count()).select_from(metadata.tables[name])).scalar() == 1
        assert conn.execute(select(sends.c.state)).scalar() == "cancelled"
        hashed = [row.partition(":")[0] for row in rows_with(conn, consents.address_hash(ADDRESS))]
        assert set(hashed) == {"suppressions"}


def test_an_erasure_takes_every_address_and_every_lead_that_was_merged_into_this_one(deployed: DeploymentStore) -> None:
    """Three addresses, one of them of a second lead: all are shut, the provider is told of all, and none stays."""
    person(deployed, emails=["taro@other.example", ADDRESS])
    with writing(deployed.engine) as conn:
        other = LeadUpsert.model_validate({"id": "lead_2", "email": "suzuki@second.example", "name": "鈴木"})
        leads.upsert(conn, other, store=deployed, now=NOW)
        merge(conn, LEAD, "lead_2", store=deployed, now=NOW)
        assert erasures.lead_named(conn, "suzuki@second.example") == erasures.lead_named(conn, "lead_2") == LEAD
        erasures.ask(conn, "lead_2", by="ops", now=NOW, real_now=NOW)  # an old id means the one that goes on
    every = [ADDRESS, "suzuki@second.example", "taro@other.example"]
    with reading(deployed.engine) as conn:
        assert sorted(erasures.due(conn, NOW, 9)) == [LEAD, "lead_2"]
        assert sorted(erasures.addresses_of(conn, LEAD)) == every
        assert consents.erased(conn, every) == set(every)
    finish(deployed)
    finish(deployed, lead="lead_2")
    with reading(deployed.engine) as conn:
        assert rows_with(conn, "@", "鈴木", "suzuki", "taro") == []


@pytest.mark.parametrize("type", ["delivered", "spam_reported"])
def test_what_a_provider_tells_of_an_old_mail_afterwards_says_nothing_of_the_person(
    deployed: DeploymentStore, type: str
) -> None:
    """The answer to the mail was lost; that it went is known now, and nothing is written about whom it went to."""
    person(deployed)
    with writing(deployed.engine) as conn:
        conn.execute(insert(sends).values({**filled(sends), "key": KEY, "state": "unknown", "attempted_at": NOW}))
    ask(deployed)
    finish(deployed)
    shut = {"suppresses": "all"} if type == "spam_reported" else {}
    told = MailEvent.model_validate({"id": "late", "send": KEY, "type": type, "at": NOW, "address": ADDRESS, **shut})
    with writing(deployed.engine) as conn:
        accept_mail(conn, [told], NOW, None)
        assert conn.execute(select(sends.c.state, sends.c.reason)).all() == [("accepted", None)]
        assert set(conn.execute(select(suppression_rows.c.source)).scalars()) <= {"erasure", None}
        assert conn.execute(select(func.count()).select_from(metadata.tables["timeline"])).scalar() == 1
        assert rows_with(conn, "late", MARK) == []


# --- what holds at once ----------------------------------------------------------------------------------------------


def test_asking_twice_is_one_erasure(deployed: DeploymentStore) -> None:
    """The second time changes nothing: one entry, one suppression, one line for auditors, with the id and no more."""
    person(deployed)
    first = ask(deployed)
    assert ask(deployed, now=NOW + timedelta(days=1)) == first
    with reading(deployed.engine) as conn:
        assert conn.execute(select(func.count()).where(entries.c.kind == "erasure")).scalar() == 1
        assert conn.execute(select(func.count()).select_from(suppression_rows)).scalar() == 1
        told = conn.execute(select(audit).where(audit.c.did == "erase")).all()
    assert [(row.by, row.subject, row.details) for row in told] == [("ops", LEAD, None)]
    with writing(deployed.engine) as conn, pytest.raises(UnknownLead):
        erasures.ask(conn, "nobody", by="ops", now=NOW, real_now=NOW)


def test_what_is_asked_for_holds_at_once(deployed: DeploymentStore) -> None:
    """Before any workflow has run: shut, nameless, and nothing can be told of the lead, nor can it begin anything."""
    person(deployed, consent=agreed())
    ask(deployed)
    with writing(deployed.engine) as conn:
        assert consents.suppressed(conn, ADDRESS, "newsletter") == "erased"
        view = leads.view(conn, LEAD)
        assert view is not None
        assert (view["status"], view["email"], view["name"]) == ("erased", None, None)
        told = accept(conn, [{"id": "e", "lead": LEAD, "type": "visited"}], store=deployed, now=NOW)
        assert told.rejected[0].reason == "lead 'lead_1' was erased"
        scenario = next(iter(deployed.current().scenarios.values()))
        assert enrolments.decide(conn, LEAD, scenario, deployment=1, now=NOW).state == "refused"
        assert not unsubscribe(conn, LEAD, "newsletter", now=NOW)
        with pytest.raises(LeadRefused, match="was erased"):
            leads.upsert(conn, LeadUpsert.model_validate({"id": LEAD, "name": "x"}), store=deployed, now=NOW)


def test_an_open_task_closes_with_a_note(deployed: DeploymentStore) -> None:
    """Sales is not left with somebody who may not be called; one that is closed stays as it is."""
    person(deployed)
    order = MakeHandoff(
        lead=LEAD, handoff=f"{LEAD}/hot/1", queue="inside_sales", note="suzuki", reasons=("hot",), scenario="",
        enrolment=0, step="", visit=0, at=NOW, deployment=1,
    )  # fmt: skip
    with writing(deployed.engine) as conn:
        task = handoffs.make(conn, order, deployed.current())
    ask(deployed)
    with reading(deployed.engine) as conn:
        closed = handoffs.get(conn, task.id)
    assert (closed.state, closed.reason) == ("expired", "the lead is forgotten at its own wish")
    finish(deployed)
    with reading(deployed.engine) as conn:
        kept = handoffs.get(conn, task.id)
    assert (kept.state, kept.rep, kept.note, kept.reasons, kept.reason) == ("expired", task.rep, None, (), None)


def test_an_event_without_a_number_starts_no_workflow_for_an_erased_lead(deployed: DeploymentStore) -> None:
    """It was acknowledged a moment before; nobody is to be woken for it."""
    person(deployed)
    with writing(deployed.engine) as conn:
        accept(conn, [{"id": "e", "lead": LEAD, "type": "requested", "subject": "demo"}], store=deployed, now=NOW)
    ask(deployed)
    with reading(deployed.engine) as conn:
        assert conn.execute(select(lead_rows.c.pending)).scalar() is False
        assert erasures.let_go(conn, LEAD)


def test_an_event_that_comes_in_the_very_moment_of_the_erasure_is_gone_once_it_would_be_filed(
    deployed: DeploymentStore,
) -> None:
    """Another process had looked the lead up before: the relay files nothing, and others' events as ever."""
    person(deployed)
    person(deployed, "lead_2", email="other@example.com")
    ask(deployed)
    finish(deployed)
    with writing(deployed.engine) as conn:
        for name, lead in (("mine", LEAD), ("other", "lead_2")):
            row = {**filled(events), "event": name, "lead": lead, "type": "visited", "filed": False, "seq": None}
            conn.execute(insert(events).values({**row, "send": None, "reversed_at": None, "automatic": False}))
        numbering.file_all(conn, [LEAD, "lead_2"], deployed)
        assert conn.execute(select(events.c.event, events.c.filed)).all() == [("other", True)]
        assert not conn.execute(select(lead_rows.c.pending).where(lead_rows.c.id == LEAD)).scalar()


def test_it_waits_for_the_workflow_and_for_a_mail_on_its_way(deployed: DeploymentStore) -> None:
    """A lead that was never started has let go at once."""
    person(deployed)
    ask(deployed)

    def let_go(**values: Any) -> bool:
        with writing(deployed.engine) as conn:
            conn.execute(update(lead_rows).values(values))
            return erasures.let_go(conn, LEAD)

    assert let_go(started=False)
    assert not let_go(started=True)
    assert let_go(seq=2)
    with writing(deployed.engine) as conn:
        conn.execute(insert(sends).values({**filled(sends), "state": "in_flight"}))
        assert not erasures.let_go(conn, LEAD)
        conn.execute(update(sends).values(state="accepted"))
        assert erasures.let_go(conn, LEAD)


# --- who comes back --------------------------------------------------------------------------------------------------


def test_nobody_but_the_person_brings_an_address_back(deployed: DeploymentStore) -> None:
    """An import is refused, events of the address are too, and none of them is parked; a form makes a new lead."""
    person(deployed)
    ask(deployed)
    finish(deployed)
    other = person(deployed, "lead_2", email="other@example.com")
    for said in ({"id": "lead_3", "email": ADDRESS.upper()}, {"id": other, "email": ADDRESS}):
        with writing(deployed.engine) as conn, pytest.raises(LeadRefused, match="erased at its own wish"):
            leads.upsert(conn, LeadUpsert.model_validate(said), store=deployed, now=NOW)
    with writing(deployed.engine) as conn:
        told = {"id": "e", "lead": {"email": ADDRESS}, "type": "visited"}
        assert (
            accept(conn, [told], store=deployed, now=NOW).rejected[0].reason == "the lead with this address was erased"
        )
        bounce = MailEvent(id="b", type="bounced", at=NOW, address=ADDRESS, suppresses="all")
        assert accept_mail(conn, [bounce], NOW, None).ignored == 1
        assert conn.execute(select(func.count()).select_from(events)).scalar() == 0
    with writing(deployed.engine) as conn:
        conn.execute(suppression_rows.delete().where(suppression_rows.c.reason == "bounced"))
    back = person(deployed, None, by_person=True)
    with reading(deployed.engine) as conn:
        assert back != LEAD
        assert consents.suppressed(conn, ADDRESS, "newsletter") == "erased"


def test_a_consent_by_form_lifts_the_suppression_and_an_import_does_not(deployed: DeploymentStore) -> None:
    """Whoever asks for mail again after an erasure gets it; the old list does not count."""
    person(deployed)
    ask(deployed)
    finish(deployed)
    back = person(deployed, None, by_person=True, consent=None)
    later = NOW + timedelta(minutes=1)
    for wording, still in ((None, "erased"), (WORDING, None)):
        with writing(deployed.engine) as conn:
            said = LeadUpsert.model_validate({"id": back, "consent": agreed("opt_in")})
            leads.upsert(conn, said, store=deployed, now=later, wording=wording)
            assert consents.suppressed(conn, ADDRESS, "newsletter") == still


# --- what was agreed to ----------------------------------------------------------------------------------------------


def test_what_was_agreed_to_is_kept_a_month_after_the_last_mail(deployed: DeploymentStore) -> None:
    """Without the address, under the lead's id; where no mail ever went, it goes at once."""
    person(deployed, consent=agreed())
    with writing(deployed.engine) as conn:
        sent = {**filled(sends), "state": "accepted", "accepted_at": NOW - timedelta(days=10)}
        conn.execute(insert(sends).values(sent))
    ask(deployed)
    with writing(deployed.engine) as conn:
        scrubbing.scrub(conn, LEAD, NOW)
        assert erasures.consents_until(conn, LEAD) == NOW + timedelta(days=21)
        erasures.provider_answered(conn, LEAD, "accepted", None)
        assert conn.execute(select(consent_rows.c.basis)).scalars().all() == ["business_card"]
        assert erasures.lead_named(conn, ADDRESS) == LEAD  # whose they are can be shown
    assert of(deployed).state == "consents_kept"
    with writing(deployed.engine) as conn:
        scrubbing.end(conn, LEAD, NOW + timedelta(days=21))
        assert conn.execute(select(consent_rows)).all() == []
        assert consents.suppressed(conn, ADDRESS, "newsletter") == "erased"
        with pytest.raises(erasures.UnknownAddress, match="was erased"):
            erasures.lead_named(conn, ADDRESS)
        assert conn.execute(select(audit.c.did).where(audit.c.subject == LEAD)).scalars().all() == ["erase", "erased"]
    assert of(deployed).state == "done"
    ask(deployed)
    assert of(deployed).state == "done"


def test_where_no_mail_went_nothing_is_kept(deployed: DeploymentStore) -> None:
    """There is no last mail whose month could run."""
    person(deployed, consent=agreed())
    ask(deployed)
    finish(deployed)
    with reading(deployed.engine) as conn:
        assert conn.execute(select(consent_rows)).all() == []
    assert of(deployed).consents_until is None


def test_a_consent_is_never_changed_once_it_is_written(deployed: DeploymentStore) -> None:
    """The database itself refuses it; another consent is another row."""
    person(deployed, consent=agreed())
    with pytest.raises(DBAPIError, match="never changed"), writing(deployed.engine) as conn:
        conn.execute(update(consent_rows).values(basis="opt_in"))
    person(deployed, consent=agreed("opt_in"))
    with reading(deployed.engine) as conn:
        kept = conn.execute(select(consent_rows.c.basis).order_by(consent_rows.c.id)).scalars().all()
    assert kept == ["business_card", "opt_in"]


def test_the_provider_s_words_are_kept_without_the_address(deployed: DeploymentStore) -> None:
    """It may repeat what it was given."""
    person(deployed)
    ask(deployed)
    with writing(deployed.engine) as conn:
        assert erasures.addresses_of(conn, LEAD) == [ADDRESS]
        erasures.provider_answered(conn, LEAD, "refused", f"400: {ADDRESS} is invalid")
        assert erasures.addresses_of(conn, LEAD) == []
    assert (of(deployed).provider, of(deployed).provider_said) == ("refused", "400: … is invalid")


def test_a_relay_sees_to_it_until_it_has_ended(deployed: DeploymentStore) -> None:
    """At once, again after a minute, seldom while only the consents are left, and then no more."""
    person(deployed)
    ask(deployed)

    def due(minutes: float) -> list[str]:
        with reading(deployed.engine) as conn:
            return erasures.due(conn, NOW + timedelta(minutes=minutes), 10)

    assert due(0) == [LEAD]
    for scrubbed, soon, late in ((False, 0.9, 1.1), (True, 300, 361)):
        with writing(deployed.engine) as conn:
            if scrubbed:
                scrubbing.scrub(conn, LEAD, NOW)
            erasures.told(conn, [LEAD], NOW)
        assert (due(soon), due(late)) == ([], [LEAD])
    finish(deployed)
    assert due(10_000) == []


# --- disclosure ------------------------------------------------------------------------------------------------------


def test_a_person_is_told_everything(deployed: DeploymentStore) -> None:
    """Each row that has the person's name in it is in what the person gets, in words; as a table, too."""
    person(deployed, attributes={"company": "鈴木商店"}, consent=agreed())
    with writing(deployed.engine) as conn:
        for table in ("events", "handoffs", "timeline", "suppressions", "confirmations"):
            conn.execute(insert(metadata.tables[table]).values(filled(metadata.tables[table])))
        conn.execute(insert(sends).values({**filled(sends), "subject": "件名"}))
    with reading(deployed.engine) as conn:
        found = disclosure.of(conn, erasures.lead_named(conn, ADDRESS), deployed, NOW)
        assert disclosure.of(conn, "nobody", deployed, NOW) == {}
        with pytest.raises(UnknownName, match=LEAD):
            erasures.lead_named(conn, "lead_2")
    assert found["profile"]["attributes"]["company"]["value"] == "鈴木商店"
    assert found["profile"]["attributes"]["company"]["label"]
    assert [each["subject"] for each in found["sends"]] == ["件名"]
    assert found["consents"][0]["basis"] == "business_card"
    assert found["suppressions"][0]["reason"] == "bounced"
    for section in ("events", "handoffs", "timeline", "confirmations", "earlier_profiles"):
        assert found[section], section
    rows = list(disclosure.lines(found))
    assert ("profile", 1, "attributes.company.value", "鈴木商店") in rows
    assert ("sends", 1, "subject", "件名") in rows
    json.dumps(found)


def test_a_score_is_told_with_what_each_point_comes_from(deployed: DeploymentStore) -> None:
    """Profiling is disclosed item by item: the condition, the points, and the events behind them."""
    person(deployed, attributes={"employees": 200})
    with writing(deployed.engine) as conn:
        row = {**filled(events), "type": "requested", "subject": "demo", "seq": None, "automatic": False, "send": None,
               "reversed_at": None}  # fmt: skip
        conn.execute(insert(events).values(row))
    with reading(deployed.engine) as conn:
        score = disclosure.of(conn, LEAD, deployed, NOW)["score"]
    items = {each["item"]: each for each in score["items"]}
    assert items["demo_request"]["because"] == "requested: demo"
    assert items["demo_request"]["events"][0]["points"] == items["demo_request"]["points"] == 50
    assert items["employees_100"]["points"] == 15
    assert score["total"] == sum(each["points"] for each in score["items"])
