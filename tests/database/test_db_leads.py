"""Upserting leads, showing them, importing files of them."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from adapters.database import consents, leads, numbering, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept, parked
from adapters.database.lead_files import Imported, import_rows
from adapters.database.lead_table import FileRefused, decode, lines_of
from adapters.database.leads import LeadRefused, LeadUpsert, Upserted
from adapters.database.schema import consents as consent_rows
from nurture.definitions import FormConsent
from nurture.entries import Enrolled, Happening, Profiled
from nurture.errors import NurtureError

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
FITS = {"employees": 80, "industry": "telecom"}


def _upsert(store: DeploymentStore, now: datetime = NOW, **data: Any) -> Upserted:
    with writing(store.engine) as conn:
        return leads.upsert(conn, LeadUpsert.model_validate(data), store=store, now=now)


def _view(store: DeploymentStore, lead: str) -> dict[str, Any]:
    with reading(store.engine) as conn:
        shown = leads.view(conn, lead)
    assert shown is not None
    return shown


def _entries(store: DeploymentStore, lead: str) -> list[Any]:
    with reading(store.engine) as conn:
        return list(numbering.stored_after(conn, lead, 0))


def test_a_new_lead_begins_with_its_profile(deployed: DeploymentStore) -> None:
    """Entry 1 is the whole profile, under the current deployment; the id is made where none is given."""
    made = _upsert(deployed, email=" User1@Example.co.jp ", name="例示 一郎", attributes={"region": "関西"})
    assert made.created
    assert made.lead.startswith("lead_")
    (profile,) = _entries(deployed, made.lead)
    assert isinstance(profile, Profiled)
    assert (profile.seq, profile.deployment, profile.attributes, profile.at) == (1, 1, {"region": "関西"}, NOW)
    assert _view(deployed, made.lead)["email"] == "user1@example.co.jp"


def test_absent_keys_stay_and_null_clears(deployed: DeploymentStore) -> None:
    """A change touches what it names: keys and single attributes alike."""
    known = {"region": "x", "employees": 5}
    _upsert(deployed, id="a", email="a@example.com", name="n", time_zone="Asia/Tokyo", attributes=known)
    _upsert(deployed, id="a", name=None, attributes={"employees": None, "uses_competitor": True})
    shown = _view(deployed, "a")
    assert shown["email"] == "a@example.com"
    assert shown["name"] is None
    assert shown["attributes"] == {"region": "x", "uses_competitor": True}
    assert shown["time_zone"] == "Asia/Tokyo"


def test_only_what_workflows_see_makes_a_new_entry(deployed: DeploymentStore) -> None:
    """Another name is no entry; another attribute, language or time zone is one."""
    _upsert(deployed, id="a", email="a@example.com", attributes={"region": "x"})
    assert _upsert(deployed, id="a", name="仮名", attributes={"region": "x"}).entries == ()
    assert [entry.seq for entry in _upsert(deployed, id="a", language="en").entries] == [2]
    assert [entry.seq for entry in _upsert(deployed, id="a", attributes={"region": "y"}).entries] == [3]
    assert _entries(deployed, "a")[-1].attributes == {"region": "y"}


def test_a_lead_is_found_by_its_address(deployed: DeploymentStore) -> None:
    """Without an id the address names the lead, however it is written."""
    _upsert(deployed, id="a", email="a@example.com")
    again = _upsert(deployed, email="A@EXAMPLE.com", name="x")
    assert (again.lead, again.created) == ("a", False)


def test_one_address_never_has_two_leads(deployed: DeploymentStore) -> None:
    """The error names the lead that has the address, and nothing is written."""
    _upsert(deployed, id="a", email="a@example.com")
    with pytest.raises(LeadRefused, match="belongs to lead 'a'"):
        _upsert(deployed, id="b", email="a@example.com")
    with reading(deployed.engine) as conn:
        assert leads.view(conn, "b") is None


@pytest.mark.parametrize(
    ("attributes", "said"),
    [
        ({"employes": 5}, "unknown attribute 'employes'.*did you mean 'employees'"),
        ({"employees": "80"}, "'employees': '80' is not a number"),
        ({"employees": True}, "not a number"),
        ({"industry": "telecomm"}, "one of telecom, .*did you mean 'telecom'"),
        ({"uses_competitor": "yes"}, "not true or false"),
        ({"values": "price"}, "not a list"),
    ],
)
def test_a_wrong_attribute_is_named(deployed: DeploymentStore, attributes: dict[str, Any], said: str) -> None:
    """The message says which attribute, what it was given and what it takes."""
    with pytest.raises(NurtureError, match=said):
        _upsert(deployed, id="a", attributes=attributes)


@pytest.mark.parametrize(
    "data",
    [
        {"id": "a@example.com"},
        {"id": "a/b"},
        {"id": "a", "email": "nobody"},
        {"id": "a", "time_zone": "Asia/Nowhere"},
        {"id": "a", "language": "japanese"},
        {"id": "a", "mail": "a@example.com"},
        {"id": "a", "consent": {"topics": ["newsletter"], "basis": "because"}},
        {"id": "a", "consent": {"topics": ["newsletter"], "basis": "opt_in", "at": "2026-11-01T09:00:00"}},
    ],
)
def test_a_body_that_cannot_be_kept_is_refused(data: dict[str, Any]) -> None:
    """Unknown keys, addresses as ids, unknown zones and bases are refused before anything is written."""
    with pytest.raises(ValidationError):
        LeadUpsert.model_validate(data)


def test_a_lead_that_newly_fits_a_segment_is_enrolled(deployed: DeploymentStore) -> None:
    """Fitting enrols once, in the same transaction; still fitting later does not ask again."""
    assert _upsert(deployed, id="a", attributes={"employees": 80}).decisions == ()
    made = _upsert(deployed, id="a", attributes={"industry": "telecom"})
    assert [(decision.state, decision.scenario) for decision in made.decisions] == [("enrolled", "seminar_to_demo")]
    enrolled = _entries(deployed, "a")[-1]
    assert isinstance(enrolled, Enrolled)
    assert (enrolled.seq, enrolled.enrolment, enrolled.deployment) == (3, 1, 1)
    assert _upsert(deployed, id="a", attributes={"employees": 90}).decisions == ()


def test_a_consent_is_kept_with_its_basis_and_never_lifts_a_suppression(deployed: DeploymentStore) -> None:
    """Only the wording of a form, shown later than the unsubscribe, lifts it."""
    given = {"topics": ["newsletter"], "basis": "opt_in", "source": "form/x", "at": "2026-11-01T09:00:00+09:00"}
    _upsert(deployed, id="a", email="a@example.com", consent=given)
    with writing(deployed.engine) as conn:
        consents.suppress(conn, "a@example.com", "newsletter", "one_click", at=NOW)
        assert consents.consented(conn, "a", "newsletter")
        assert not consents.consented(conn, "a", "seminars")
    _upsert(deployed, now=NOW + timedelta(hours=1), id="a", consent={"topics": ["newsletter"], "basis": "opt_in"})
    with reading(deployed.engine) as conn:
        assert consents.suppressed(conn, "A@example.com", "newsletter") == "one_click"
        assert consents.suppressed(conn, "a@example.com", "seminars") is None
    with writing(deployed.engine) as conn:
        again = LeadUpsert.model_validate({"id": "a", "consent": {"topics": ["newsletter"], "basis": "opt_in"}})
        wording = FormConsent(version="ja_1", text="同意します")
        leads.upsert(conn, again, store=deployed, now=NOW + timedelta(hours=2), wording=wording)
        assert consents.suppressed(conn, "a@example.com", "newsletter") is None
        assert conn.execute(select(consent_rows.c.wording_version)).scalars().all() == [None, None, "ja_1"]


def test_a_form_does_not_lift_a_complaint_or_a_bounce(deployed: DeploymentStore) -> None:
    """What shut the address for good stays, and shuts every topic."""
    _upsert(deployed, id="a", email="a@example.com")
    with writing(deployed.engine) as conn:
        consents.suppress(conn, "a@example.com", "all", "spam_reported", at=NOW)
        later = LeadUpsert.model_validate({"id": "a", "consent": {"topics": ["newsletter"], "basis": "opt_in"}})
        leads.upsert(
            conn, later, store=deployed, now=NOW + timedelta(days=1), wording=FormConsent(version="1", text="x")
        )
        assert consents.suppressed(conn, "a@example.com", "newsletter") == "spam_reported"


def test_an_unknown_topic_is_named(deployed: DeploymentStore) -> None:
    """Topics come from sender.yaml."""
    with pytest.raises(NurtureError, match=r"unknown topic 'newsleter'.*did you mean 'newsletter'"):
        _upsert(deployed, id="a", consent={"topics": ["newsleter"], "basis": "opt_in"})


def test_parked_events_are_applied_when_their_lead_appears(deployed: DeploymentStore) -> None:
    """By id or by address; they count as received when the lead appeared, so no decision is antedated."""
    told = [
        {"id": "e1", "lead": "late", "type": "visited", "subject": "pricing", "at": "2026-10-01T00:00:00Z"},
        {"id": "e2", "lead": {"email": "Late@example.com"}, "type": "requested", "subject": "demo"},
    ]
    with writing(deployed.engine) as conn:
        assert accept(conn, told, store=deployed, now=NOW).accepted == 2
        assert [item["lead"] for item in parked(conn)[0]] == ["late", {"email": "late@example.com"}]
    appeared = NOW + timedelta(days=3)
    _upsert(deployed, now=appeared, id="late", email="late@example.com")
    with writing(deployed.engine) as conn:
        assert parked(conn)[0] == []
        entries = numbering.after(conn, "late", 1, deployed)
    happened = [entry for entry in entries if isinstance(entry, Happening)]
    assert {entry.id for entry in happened} >= {"e2"}
    assert {entry.received_at for entry in happened} == {appeared}


def test_the_view_has_every_key_of_the_contract(deployed: DeploymentStore) -> None:
    """Outside a scenario the place is null, the deployment a number, and nothing waits to be applied."""
    _upsert(deployed, id="a")
    shown = _view(deployed, "a")
    assert json.dumps(shown)
    assert shown == {
        "id": "a", "email": None, "emails": [], "name": None, "language": "ja", "time_zone": None, "attributes": {},
        "seq": 1, "stored_seq": 1, "status": "idle", "scenario": None, "deployment": 1, "step": None, "visit": None,
        "waiting_for": None, "deadline": None, "phase": None, "hot": False, "score": None,
    }  # fmt: skip


def test_an_acknowledged_event_counts_as_stored_before_it_has_its_number(deployed: DeploymentStore) -> None:
    """Whoever waits for `seq` to reach `stored_seq` waits for it too."""
    _upsert(deployed, id="a")
    with writing(deployed.engine) as conn:
        accept(conn, [{"id": "e1", "lead": "a", "type": "requested", "subject": "demo"}], store=deployed, now=NOW)
    assert (_view(deployed, "a")["seq"], _view(deployed, "a")["stored_seq"]) == (0, 2)
    with writing(deployed.engine) as conn:
        numbering.file_events(conn, "a", deployed)
    assert (_view(deployed, "a")["seq"], _view(deployed, "a")["stored_seq"]) == (0, 2)


def test_lists_of_leads_come_in_pages_and_can_be_searched(deployed: DeploymentStore) -> None:
    """A cursor leads on to the end; a word is found in id, address, name and company."""
    for number in range(5):
        company = {"company": f"架空{number}社"}
        _upsert(deployed, id=f"lead_{number}", email=f"u{number}@example.com", attributes=company)
    with reading(deployed.engine) as conn:
        first, cursor = leads.page(conn, 2)
        second, cursor = leads.page(conn, 2, cursor)
        third, end = leads.page(conn, 2, cursor)
        found, _ = leads.page(conn, q="架空3")
        by_address, _ = leads.page(conn, q="U4@")
        nobody, _ = leads.page(conn, q="100%")
    assert [item["id"] for item in first + second + third] == [f"lead_{number}" for number in range(5)]
    assert end is None
    assert [item["id"] for item in found] == ["lead_3"]
    assert [item["id"] for item in by_address] == ["lead_4"]
    assert nobody == []


def _import(store: DeploymentStore, text: str) -> Imported:
    return import_rows(store.engine, lines_of(text), store=store, now=NOW, file_name="leads.csv")


def test_bad_rows_are_named_and_good_ones_kept(deployed: DeploymentStore) -> None:
    """Each bad row has its line and reason; the rows around it are leads."""
    text = (
        "id,email,employees,values,consent_topics,consent_basis\n"
        'a,a@example.com,80,"price;\nspeed",newsletter seminars,opt_in\n'
        "b,b@example.com,many,,,\n"
        "\n"
        "c,a@example.com,3,,,\n"
        "d,d@example.com\n"
        "e,e@example.com,1,,newsletter,\n"
        "f,f@example.com,2.5,,,\n"
    )
    imported = _import(deployed, text)
    assert imported.good == 2
    assert [line.split(": ", 1)[0] for line in imported.bad] == [f"leads.csv:{n}" for n in (4, 6, 7, 8)]
    assert "'many' is not a number" in imported.bad[0]
    assert "without a basis" in imported.bad[3]
    assert "business_card" in imported.bad[3]
    assert _view(deployed, "a")["attributes"] == {"employees": 80, "values": ["price", "speed"]}
    assert _view(deployed, "f")["attributes"] == {"employees": 2.5}


def test_an_unknown_column_refuses_the_file(deployed: DeploymentStore) -> None:
    """With the near name, before any row is read."""
    with pytest.raises(FileRefused, match=r"unknown column 'employes'.*leads.csv:1.*did you mean 'employees'"):
        _import(deployed, "id,employes\na,5\n")


def test_the_sample_leads_can_all_be_imported(deployed: DeploymentStore) -> None:
    """Every row of the sample file is good, and progress is told to the end."""
    path = Path(__file__).parents[2] / "scenarios" / "leads.csv"
    text = decode(path.read_bytes(), "leads.csv")
    told: list[int] = []
    imported = import_rows(
        deployed.engine, lines_of(text), store=deployed, now=NOW, file_name="leads.csv",
        progress=told.append,
    )  # fmt: skip
    assert imported.bad == []
    assert imported.good == imported.created == told[-1] > 100
    assert imported.enrolled > 0


def test_refusals_stand_on_the_timeline(deployed: DeploymentStore) -> None:
    """A lead that fits again while it is in the scenario is refused, and the timeline says why."""
    _upsert(deployed, id="a", attributes=FITS)
    _upsert(deployed, id="a", attributes={"employees": 10})
    (decision,) = _upsert(deployed, id="a", attributes={"employees": 60}).decisions
    assert (decision.state, decision.reason) == ("refused", "already_in")
    with reading(deployed.engine) as conn:
        items, _ = timeline.page(conn, "a")
    assert [(item["kind"], item["what"], item["scenario"], item["reason"]) for item in items] == [
        ("decision", "enrolment_refused", "seminar_to_demo", "already_in")
    ]


def test_two_threads_that_make_the_same_lead_make_one(deployed: DeploymentStore) -> None:
    """Whoever is second finds the lead of the first."""
    made: list[bool] = []

    def make() -> None:
        made.append(_upsert(deployed, id="a", email="a@example.com").created)

    threads = [threading.Thread(target=make) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [False, False, False, True]
    assert len(_entries(deployed, "a")) == 1
