"""Numbering what happens to a lead, and enrolling it: the heart of delivery."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from adapters.database import enrolments, leads, numbering, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept
from adapters.database.leads import LeadUpsert
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import entries as entry_rows
from adapters.database.sequence import UnknownLead
from nurture.definitions import Scenario
from nurture.entries import AnyEntry, Enrolled, Happening, Ticked

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)


def _lead(store: DeploymentStore, lead: str, **data: Any) -> None:
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": lead, **data}), store=store, now=NOW)


def _tell(store: DeploymentStore, *told: tuple[str, str, str, str], now: datetime = NOW) -> None:
    with writing(store.engine) as conn:
        events = [
            {"id": event, "lead": "a", "type": kind, "subject": subject, "at": at} for event, kind, subject, at in told
        ]
        answer = accept(conn, events, store=store, now=now)
    assert answer.rejected == []


def _after(store: DeploymentStore, lead: str, seq: int = 0) -> tuple[AnyEntry, ...]:
    with writing(store.engine) as conn:
        return numbering.after(conn, lead, seq, store)


def _timeline(store: DeploymentStore, lead: str) -> list[dict[str, Any]]:
    with reading(store.engine) as conn:
        return timeline.page(conn, lead)[0]


def _tick(at: datetime = NOW) -> Ticked:
    return Ticked(seq=0, at=at, received_at=at, deployment=0)


def _scenario(name: str = "other", **keys: Any) -> Scenario:
    return Scenario.model_validate({"scenario": name, "start": "end", "steps": {"end": {"finish": "done"}}, **keys})


def _decide(store: DeploymentStore, scenario: Scenario, lead: str = "a", now: datetime = NOW) -> enrolments.Decision:
    with writing(store.engine) as conn:
        return enrolments.decide(conn, lead, scenario, deployment=1, now=now)


def test_events_are_numbered_in_the_order_of_their_times(deployed: DeploymentStore) -> None:
    """Whatever order they were told in; equal times keep the order of arrival."""
    _lead(deployed, "a")
    _tell(
        deployed,
        ("e3", "visited", "pricing", "2026-11-02T00:50:00Z"),
        ("e1", "requested", "demo", "2026-11-02T00:10:00Z"),
        ("e2", "signed_up", "seminar", "2026-11-02T00:50:00Z"),
    )
    told = [entry for entry in _after(deployed, "a", 1) if isinstance(entry, Happening)]
    named = {"e1": 2} | {entry.id: entry.seq for entry in told}
    assert [entry.seq for entry in told] == list(range(2, 2 + len(told)))
    assert named["e1"] == 2
    assert [entry.at for entry in told] == sorted(entry.at for entry in told)
    assert [item["id"] for item in _timeline(deployed, "a")] == ["e1", "e3", "e2"]


def test_a_time_in_the_future_becomes_the_time_of_receipt(deployed: DeploymentStore) -> None:
    """Event time is min(at, received)."""
    _lead(deployed, "a")
    _tell(deployed, ("e1", "requested", "demo", "2026-11-02T01:05:00Z"))
    (entry,) = _after(deployed, "a", 1)
    assert entry.at == entry.received_at == NOW


def test_a_type_nobody_names_is_kept_without_a_number(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """It is on the timeline, no workflow hears of it, and filing it twice changes nothing."""
    segments = files["segments.yaml"].partition("dormant:")[0]  # `did: any` names every type
    own = {"events.yaml": files["events.yaml"] + "\nyawned: {label: あくび}\n", "segments.yaml": segments}
    deploy_again({name: text for name, text in {**files, **own}.items() if name != "reactivation.yaml"})
    _lead(deployed, "a")
    _tell(deployed, ("e1", "yawned", "", "2026-11-02T00:10:00Z"), ("e2", "unsubscribed", "", "2026-11-02T00:10:00Z"))
    assert [entry.id for entry in _after(deployed, "a", 1) if isinstance(entry, Happening)] == ["e2"]
    assert len(_after(deployed, "a", 1)) == 1
    first, second = _timeline(deployed, "a")
    assert (first["id"], first["seq"], first["kind"], first["what"]) == ("e1", None, "event", "yawned")
    assert (second["id"], second["seq"]) == ("e2", 2)


def test_an_event_that_opens_a_scenario_enrols_right_after_it(
    deployed: DeploymentStore, files: Mapping[str, str], deploy_again: Callable[[Mapping[str, str]], int]
) -> None:
    """The enrolment's entry follows the event's; a subject below the one written opens it too."""
    welcome = "scenario: welcome\nenter: {event: {signed_up: newsletter}}\nstart: end\nsteps:\n  end: {finish: done}\n"
    number = deploy_again({**files, "welcome.yaml": welcome})
    _lead(deployed, "a")
    _tell(
        deployed,
        ("e1", "signed_up", "newsletter/footer", "2026-11-02T00:10:00Z"),
        ("e2", "requested", "demo", "2026-11-02T00:20:00Z"),
    )
    event, enrolled, later = _after(deployed, "a", 1)
    assert isinstance(event, Happening)
    assert isinstance(enrolled, Enrolled)
    assert isinstance(later, Happening)
    assert (event.id, enrolled.scenario, enrolled.deployment, later.id) == ("e1", "welcome", number, "e2")


def test_the_numbers_of_a_lead_have_no_gaps_whoever_writes(deployed: DeploymentStore) -> None:
    """Four threads append and file at once: 1, 2, 3 … and nothing twice."""
    _lead(deployed, "a")

    def work(name: int) -> None:
        for each in range(10):
            _tell(deployed, (f"e{name}/{each}", "requested", "demo", "2026-11-02T00:10:00Z"))
            with writing(deployed.engine) as conn:
                numbering.append(conn, "a", _tick())
            _after(deployed, "a")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    told = _after(deployed, "a")
    assert [entry.seq for entry in told] == list(range(1, 82))
    assert len({entry.id for entry in told if isinstance(entry, Happening)}) == 40


def test_an_entry_for_nobody_is_an_error(deployed: DeploymentStore) -> None:
    """There is no numbering without a lead."""
    with pytest.raises(UnknownLead, match="'nobody'"), writing(deployed.engine) as conn:
        numbering.append(conn, "nobody", _tick())


def test_a_profile_alone_starts_nothing(deployed: DeploymentStore) -> None:
    """The relay hears of a lead once it is enrolled or did something, and then of all its entries, in order."""
    _lead(deployed, "quiet")
    _lead(deployed, "a")
    _tell(deployed, ("e1", "requested", "demo", "2026-11-02T00:10:00Z"))
    with writing(deployed.engine) as conn:
        assert numbering.unsignalled(conn, 10) == {}
        assert numbering.leads_with_unfiled(conn, 10) == ("a",)
        numbering.file_events(conn, "a", deployed)
        assert numbering.leads_with_unfiled(conn, 10) == ()
        told = numbering.unsignalled(conn, 10)
    assert {lead: [entry.seq for entry in entries] for lead, entries in told.items()} == {"a": [1, 2]}


def test_what_was_signalled_is_not_signalled_again_unless_temporal_was_lost(deployed: DeploymentStore) -> None:
    """A started lead hears of every further entry; going back in real time tells again what was told since."""
    _lead(deployed, "a")
    _tell(deployed, ("e1", "requested", "demo", "2026-11-02T00:10:00Z"))
    with writing(deployed.engine) as conn:
        numbering.file_events(conn, "a", deployed)
        numbering.mark_signalled(conn, {"a": 2}, NOW)
        assert numbering.unsignalled(conn, 10) == {}
    _lead(deployed, "a", attributes={"region": "x"})
    with writing(deployed.engine) as conn:
        assert [entry.seq for entry in numbering.unsignalled(conn, 10)["a"]] == [3]
        numbering.mark_signalled(conn, {"a": 3}, NOW + timedelta(minutes=20))
        assert numbering.unsignal_since(conn, NOW + timedelta(minutes=10)) == 1
        assert [entry.seq for entry in numbering.unsignalled(conn, 10)["a"]] == [3]
        assert conn.execute(select(entry_rows.c.signalled_real).order_by(entry_rows.c.seq)).scalars().all() == [
            NOW, NOW, None,
        ]  # fmt: skip


def test_what_comes_while_a_signal_is_on_its_way_stays_to_be_told(deployed: DeploymentStore) -> None:
    """Marking an earlier number leaves the later entries pending."""
    _lead(deployed, "a")
    assert _decide(deployed, _scenario()).state == "enrolled"
    with writing(deployed.engine) as conn:
        numbering.append(conn, "a", _tick())
        numbering.mark_signalled(conn, {"a": 2}, NOW)
        assert [entry.seq for entry in numbering.unsignalled(conn, 10)["a"]] == [3]


def test_one_entry_goes_to_many_leads_each_under_its_own_number(deployed: DeploymentStore) -> None:
    """Leads nobody started are numbered and not signalled."""
    for number in range(3):
        _lead(deployed, f"l{number}")
    _decide(deployed, _scenario(), "l1")
    with writing(deployed.engine) as conn:
        assert numbering.append_to_all(conn, ["l0", "l1", "l2", "nobody"], _tick()) == 3
        assert {lead: told[-1].seq for lead, told in numbering.unsignalled(conn, 10).items()} == {"l1": 3}
        assert [entry.seq for entry in numbering.stored_after(conn, "l2", 0)] == [1, 2]


# --- enrolments -----------------------------------------------------------------------------------------------------


def test_a_free_lead_is_enrolled_and_a_busy_one_queued(deployed: DeploymentStore) -> None:
    """Two scenarios never run at once; numbers count up."""
    _lead(deployed, "a")
    first, second = _decide(deployed, _scenario("one")), _decide(deployed, _scenario("two"))
    assert (first.state, first.enrolment) == ("enrolled", 1)
    assert (second.state, second.enrolment) == ("queued", 2)
    with reading(deployed.engine) as conn:
        states = conn.execute(select(enrolment_rows.c.state).order_by(enrolment_rows.c.enrolment)).scalars().all()
    assert states == ["enrolled", "queued"]


def test_the_refusals_of_the_contract(deployed: DeploymentStore) -> None:
    """unknown_lead, already_in, busy."""
    _lead(deployed, "a")
    assert _decide(deployed, _scenario(), "nobody").reason == "unknown_lead"
    assert _decide(deployed, _scenario()).state == "enrolled"
    assert _decide(deployed, _scenario()).reason == "already_in"
    assert _decide(deployed, _scenario("polite", when_busy="skip")).reason == "busy"
    assert [item["reason"] for item in _timeline(deployed, "a")] == ["already_in", "busy"]


def test_a_lead_enters_once_unless_again_is_written(deployed: DeploymentStore) -> None:
    """`again.after` counts from the last finish."""
    _lead(deployed, "a")
    once, again = _scenario("once"), _scenario("again", enter={"again": {"after": "30d"}})
    for scenario in (once, again):
        _decide(deployed, scenario)
    with writing(deployed.engine) as conn:
        conn.execute(update(enrolment_rows).values(state="ended", ended_at=NOW, finish="done"))
    assert _decide(deployed, once, now=NOW + timedelta(days=400)).reason == "entered_before"
    assert _decide(deployed, again, now=NOW + timedelta(days=29)).reason == "entered_before"
    assert _decide(deployed, again, now=NOW + timedelta(days=30)).state == "enrolled"


def test_replacing_ends_a_scenario_of_lower_or_equal_priority_only(deployed: DeploymentStore) -> None:
    """Against a higher priority it queues."""
    _lead(deployed, "a")
    _decide(deployed, _scenario("running", priority=50))
    lower = _decide(deployed, _scenario("lower", priority=49, when_busy="replace"))
    equal = _decide(deployed, _scenario("equal", priority=50, when_busy="replace"))
    assert lower.state == "queued"
    assert isinstance(lower.entry, Enrolled)
    assert lower.entry.replaces is False
    assert equal.state == "enrolled"
    assert isinstance(equal.entry, Enrolled)
    assert equal.entry.replaces is True


def test_threads_that_enrol_the_same_lead_enrol_it_once(deployed: DeploymentStore) -> None:
    """The lock on the lead's row lets one decision through."""
    _lead(deployed, "a")
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(_decide(deployed, _scenario()).state)) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == ["enrolled", "refused", "refused", "refused", "refused"]
