"""Two leads that are one person: one goes on with what both did, what either refused stays refused, old ids resolve."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from adapters.database import consents, disclosure, enrolments, leads, page_views, replies, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept, accept_mail, happened, unsubscribe
from adapters.database.explaining import standpoint
from adapters.database.leads import LeadRefused, LeadUpsert
from adapters.database.mail_events import MailEvent
from adapters.database.merging import Merged, MergeRefused, carry_out, merge
from adapters.database.numbering import file_all, file_events, stored_after
from adapters.database.pages import shown
from adapters.database.schema import audit, confirmations, entries, events, handoffs, sends
from adapters.database.schema import enrolments as enrolment_rows
from adapters.database.schema import leads as lead_rows
from adapters.database.schema import timeline as timeline_rows
from adapters.database.sequence import UnknownLead
from adapters.mail.inbound import Inbound
from nurture.definitions import FormConsent
from nurture.entries import Corrected, Happening

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
KEY = "b/seminar_to_demo/1/newsletter/1"
WORDING = FormConsent(version="ja_1", text="…")


@pytest.fixture
def store(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder, with leads `a` and `b` of one person, who looked at the prices as either."""
    with writing(deployed.engine) as conn:
        for name, said in (("a", {"attributes": {"employees": 30}}), ("b", {"name": "見本", "attributes": {
            "employees": 70, "industry": "telecom"}})):  # fmt: skip
            data = LeadUpsert.model_validate({"id": name, "email": f"{name}@example.com", **said})
            leads.upsert(conn, data, store=deployed, now=NOW - 9 * DAY)
        told = [
            {"id": f"{name}-{number}", "lead": name, "type": "visited", "subject": "/pricing", "at": at}
            for number, (name, at) in enumerate(
                [("a", NOW - DAY), ("b", NOW - DAY), ("b", NOW - 2 * DAY), ("b", NOW - 3 * DAY)]
            )
        ]
        accept(conn, told, store=deployed, now=NOW)
        file_all(conn, ["a", "b"], deployed)
    return deployed


@pytest.fixture
def one(store: DeploymentStore) -> Callable[..., Merged]:
    """Merge `b` into `a`, or others."""

    def merged(keep: str = "a", gone: str = "b", now: datetime = NOW) -> Merged:
        with writing(store.engine) as conn:
            return merge(conn, keep, gone, store=store, now=now, by="tests")

    return merged


def view(store: DeploymentStore, lead: str = "a") -> dict[str, Any]:
    """The lead as the API shows it."""
    with reading(store.engine) as conn:
        found = leads.view(conn, lead)
    assert found is not None
    return found


def enrol(conn: Connection, store: DeploymentStore, lead: str, scenario: str = "seminar_to_demo") -> Any:
    """Let a lead walk a scenario."""
    found = store.current().scenarios[scenario]
    return enrolments.decide(conn, lead, found, deployment=1, now=NOW - DAY)


def test_one_goes_on_with_what_both_are_and_did(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """What it knew of itself stays, what it lacked comes; an act told of both counts once; both timelines are one."""
    done = one()
    assert (done.events, done.twice, done.addresses) == (3, 1, ("b@example.com",))
    found = view(store)
    assert (found["email"], found["name"]) == ("a@example.com", "見本")
    assert found["emails"] == ["a@example.com", "b@example.com"]
    assert found["attributes"] == {"employees": 30, "industry": "telecom"}
    with reading(store.engine) as conn:
        did = [at for _, _, _, at in happened(conn, "a", found["stored_seq"])]
        assert did == [NOW - 3 * DAY, NOW - 2 * DAY, NOW - DAY]
        lines, _ = timeline.page(conn, "a")
        assert [line["what"] for line in lines].count("visited") == 4
        assert ("merged", "b") in {(line["what"], line["subject"]) for line in lines}
        (noted,) = conn.execute(select(audit).where(audit.c.did == "merge"))
        assert (noted.by, noted.subject, noted.details["events"]) == ("tests", "a", 3)
        items, _ = leads.page(conn)
        assert [item["id"] for item in items] == ["a"], "who was merged is not listed beside it"


def test_points_are_not_doubled_and_the_past_stays_as_it_was_shown(store: DeploymentStore) -> None:
    """+15 for each look, at most 30; before the merge nobody knew of the other's."""
    done = carry_out(store.engine, "a", "b", store=store, now=NOW, by="tests")
    assert done.before is not None
    assert done.after is not None
    assert done.before < 15 < done.after <= 30 + 10, "10 for the industry, which only the other had told"
    with reading(store.engine) as conn:
        now = standpoint(conn, "b", store, 1, NOW)
        then = standpoint(conn, "b", store, 1, NOW, at=NOW - timedelta(seconds=1), known="then")
    assert now is not None
    assert then is not None
    assert round(now.score().total, 6) == round(done.after, 6)
    assert then.score().behaviours < 15


def test_old_ids_resolve_everywhere(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """Reading, changing, enrolling, events by id and address, unsubscribing: all reach the one that goes on."""
    with writing(store.engine) as conn:
        page_views.sign_up(conn, "e" * 32, "b", store=store, now=NOW, keep=DAY)
        conn.execute(
            insert(sends).values(
                key=KEY, lead="b", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted", accepted_at=NOW - DAY,
            )
        )  # fmt: skip
    one()
    assert view(store, "b")["id"] == "a"
    with writing(store.engine) as conn:
        made = leads.upsert(conn, LeadUpsert.model_validate({"id": "b", "name": "新"}), store=store, now=NOW)
        assert (made.lead, made.created) == ("a", False)
        accept(
            conn,
            [
                {"id": "1", "lead": "b", "type": "requested", "subject": "demo"},
                {"id": "2", "lead": {"email": "b@example.com"}, "type": "requested", "subject": "demo"},
            ],
            store=store, now=NOW,
        )  # fmt: skip
        accept_mail(conn, [MailEvent(id="3", send=KEY, type="opened", at=NOW, address="b@example.com")], NOW, None)
        told = conn.execute(select(events.c.lead).where(events.c.event.in_(("1", "2", "3")))).scalars().all()
        assert told == ["a", "a", "a"]
        assert page_views.whose(conn, "e" * 32) == "a"
        assert enrol(conn, store, "b").lead == "a"
        assert unsubscribe(conn, "b", "newsletter", now=NOW, send=KEY)
        assert consents.suppressed(conn, "a@example.com", "newsletter") == "one_click"
    with pytest.raises(LeadRefused, match="belongs to lead 'a'"), writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": "c", "email": "b@example.com"}), store=store, now=NOW)


def test_letters_come_along_and_new_ones_arrive(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """What the other wrote is read with the rest; what it writes from its own address later is the one lead's, too."""
    with writing(store.engine) as conn:
        assert replies.take(conn, letter("1"), NOW - DAY).lead == "b"
    one()
    with writing(store.engine) as conn:
        assert replies.take(conn, letter("2"), NOW).lead == "a"
        assert [each["at"] for each in replies.page(conn, "a")[0]] == [shown(NOW), shown(NOW - DAY)]
        assert replies.page(conn, "b") == replies.page(conn, "a")


def test_rule_8_a_click_that_came_along_and_was_a_machines_is_marked_where_it_stands(
    store: DeploymentStore, one: Callable[..., Merged]
) -> None:
    """Its line is on the timeline of the id that is gone; the two other links are clicked after the merge."""

    def click(number: int) -> None:
        url, at = f"https://example.co.jp/{number}", NOW - timedelta(hours=1) + timedelta(seconds=number)
        told = MailEvent(id=f"c{number}", send=KEY, type="clicked", at=at, url=url, address="b@example.com")
        with writing(store.engine) as conn:
            accept_mail(conn, [told], NOW + timedelta(seconds=number), None)
            file_all(conn, ["a", "b"], store)

    sent = {"state": "accepted", "accepted_at": NOW - DAY, "attempted_at": NOW - DAY}
    with writing(store.engine) as conn:
        conn.execute(
            insert(sends).values(
                key=KEY, lead="b", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, **sent,
            )
        )  # fmt: skip
    click(1)
    one()
    click(2)
    click(3)
    with reading(store.engine) as conn:
        marked = conn.execute(select(timeline_rows.c.event, timeline_rows.c.automatic)).all()
    assert {row.event: row.automatic for row in marked if (row.event or "").startswith("c")} == dict.fromkeys(
        ("c1", "c2", "c3"), True
    )


def test_a_letter_handed_in_again_after_the_merge_is_the_same_letter(
    store: DeploymentStore, one: Callable[..., Merged]
) -> None:
    """The provider tries again for three days, and a merge takes a moment."""
    with writing(store.engine) as conn:
        assert replies.take(conn, letter("1"), NOW - DAY).became == "written"
    one()
    with writing(store.engine) as conn:
        assert replies.take(conn, letter("1"), NOW) == replies.Taken("duplicate", "a")


def letter(identity: str) -> Inbound:
    """A mail from the address of `b`."""
    return Inbound(
        to=("x@example.com",),
        sender="b@example.com",
        subject="価格",
        text="教えてください",
        identity=identity,
        proven=True,
    )


def ask(conn: Connection, until: datetime = NOW + DAY) -> None:
    """A form of the lead `b` waits for the mail's button."""
    conn.execute(
        insert(confirmations).values(
            lead="b", number=1, form="letter", topic="newsletter", template="x", held=[],
            address_hash=consents.address_hash("b@example.com"), wording_version="1", wording="…",
            asked_at=NOW - DAY, until=until, asked_real=NOW - DAY, due_real=NOW - DAY,
        )
    )  # fmt: skip


def test_a_consent_that_a_mail_asks_for_is_not_lost_by_a_merge(
    store: DeploymentStore, one: Callable[..., Merged]
) -> None:
    """The mailbox that was asked is none that mail would go to: the merge waits, or goes the other way round."""
    with writing(store.engine) as conn:
        ask(conn)
    with pytest.raises(MergeRefused, match="asked by mail to confirm"):
        one()
    assert one("b", "a").keep == "b"


def test_a_request_that_has_ended_is_told_with_the_one_it_became(
    store: DeploymentStore, one: Callable[..., Merged]
) -> None:
    """Disclosure tells of both leads' requests, and of every address."""
    with writing(store.engine) as conn:
        ask(conn, until=NOW - timedelta(hours=1))
    one()
    with reading(store.engine) as conn:
        told = disclosure.of(conn, "a", store, NOW)
    assert [each["form"] for each in told["confirmations"]] == ["letter"]
    assert told["profile"]["emails"] == ["a@example.com", "b@example.com"]


def test_a_chain_of_merges_leads_to_the_end(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """C into b, then b into a; the same merge again changes nothing."""
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert.model_validate({"id": "c", "email": "c@example.com"}), store=store, now=NOW)
    one("b", "c")
    one("a", "b")
    assert view(store, "c")["id"] == "a"
    assert view(store)["emails"] == ["a@example.com", "b@example.com", "c@example.com"]
    assert one("a", "c").again
    with pytest.raises(MergeRefused, match="was merged into 'a'"):
        one("c", "a")
    with pytest.raises(MergeRefused, match="is one lead already"):
        one("a", "a")
    with pytest.raises(UnknownLead):
        one("a", "nobody")


@pytest.mark.parametrize("refuses", ["a", "b"])
def test_the_stricter_word_wins(store: DeploymentStore, one: Callable[..., Merged], refuses: str) -> None:
    """Though the other agreed by form after that: nobody had said that they are one. A new form lifts it."""
    other = "b" if refuses == "a" else "a"
    with writing(store.engine) as conn:
        for name, at in (("a", NOW - 8 * DAY), ("b", NOW - 8 * DAY), (other, NOW - DAY)):
            given = consents.Consent(["newsletter"], "opt_in", "form", at, wording=WORDING)
            consents.consent(conn, name, given)
        unsubscribe(conn, refuses, "newsletter", now=NOW - 2 * DAY)
    assert one().refused == (("newsletter", "one_click"),)
    with writing(store.engine) as conn:
        assert consents.suppressed(conn, "a@example.com", "newsletter") == "one_click"
        assert consents.suppressed(conn, "a@example.com", "seminars") is None
        assert consents.consented(conn, "a", "newsletter")
        again = consents.Consent(["newsletter"], "opt_in", "form", NOW + DAY, wording=WORDING)
        consents.consent(conn, "a", again)
        assert consents.suppressed(conn, "a@example.com", "newsletter") is None


def test_a_dead_mailbox_of_the_other_shuts_nothing(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """It is no word of a person."""
    with writing(store.engine) as conn:
        consents.suppress(conn, "b@example.com", consents.ALL, "bounced", at=NOW - DAY)
    assert one().refused == ()
    with reading(store.engine) as conn:
        assert consents.suppressed(conn, "a@example.com", "newsletter") is None


def test_the_other_leaves_what_it_walks_and_does_not_enter_it_again(
    store: DeploymentStore, one: Callable[..., Merged]
) -> None:
    """At once in the store, so that no mail begins; its workflow gets a leave for each; `enter once` counts both."""
    with writing(store.engine) as conn:
        assert enrol(conn, store, "b").reason == "already_in", "its segment led it there"
        assert enrol(conn, store, "b", "trial_onboarding").state == "enrolled"
        conn.execute(update(lead_rows).values(started=True, pending=False))
        before = view(store, "b")["stored_seq"]
    done = one()
    assert done.ended == ("seminar_to_demo", "trial_onboarding")
    with writing(store.engine) as conn:
        told = stored_after(conn, "b", before)
        assert [(each.type, each.suppresses) for each in told if isinstance(each, Happening)] == [("merged", "all")] * 2
        rows = conn.execute(select(enrolment_rows)).all()
        assert {(row.lead, row.state, row.finish) for row in rows} == {("a", "ended", "merged")}
        assert enrol(conn, store, "a").reason == "entered_before"
        (woken,) = [each for each in stored_after(conn, "a", 0) if isinstance(each, Corrected)]
        assert woken.events == ()


def test_a_lead_without_a_workflow_is_not_started_to_leave(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """The one that goes on is woken, since what came may make it hot."""
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).values(started=False, pending=False))
        count = len(conn.execute(select(entries).where(entries.c.lead == "b")).all())
    one()
    with reading(store.engine) as conn:
        assert len(conn.execute(select(entries).where(entries.c.lead == "b")).all()) == count
        pending = {row.id: row.pending for row in conn.execute(select(lead_rows.c.id, lead_rows.c.pending))}
    assert pending == {"a": True, "b": False}


def test_what_is_open_is_not_lost(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """A task of sales about the other, a pause of a person: refused with what to do, and nothing was changed."""
    with writing(store.engine) as conn:
        task = {"id": "t", "lead": "b", "queue": "inside_sales", "state": "open", "made_at": NOW}
        conn.execute(insert(handoffs).values(task))
    with pytest.raises(MergeRefused, match="open task"):
        one()
    with writing(store.engine) as conn:
        conn.execute(update(handoffs).values(state="won", closed_at=NOW))
        conn.execute(update(lead_rows).where(lead_rows.c.id == "b").values(status="paused"))
    with pytest.raises(MergeRefused, match="paused"):
        one()
    assert view(store, "b")["id"] == "b"
    with writing(store.engine) as conn:
        conn.execute(update(lead_rows).where(lead_rows.c.id == "b").values(status="idle"))
    one()
    with reading(store.engine) as conn:
        assert conn.execute(select(handoffs.c.lead)).scalar_one() == "a"


def test_a_plan_says_it_all_and_changes_nothing(store: DeploymentStore) -> None:
    """The same figures as the merge itself."""
    planned = carry_out(store.engine, "a", "b", store=store, now=NOW, by="tests", plan=True)
    assert view(store, "b")["id"] == "b"
    assert carry_out(store.engine, "a", "b", store=store, now=NOW, by="tests") == planned
    assert view(store, "b")["id"] == "a"


def test_an_event_taken_in_meanwhile_is_not_lost(store: DeploymentStore, one: Callable[..., Merged]) -> None:
    """It was on its way to the other when the two became one: filing gives it to the one that goes on."""
    with writing(store.engine) as conn:
        accept(conn, [{"id": "on-its-way", "lead": "b", "type": "requested", "subject": "demo"}], store=store, now=NOW)
    one()
    with writing(store.engine) as conn:
        conn.execute(update(events).where(events.c.event == "on-its-way").values(lead="b"))
        file_all(conn, ["b"], store)
        assert file_events(conn, "a", store) == 1
        told = [each.id for each in stored_after(conn, "a", 0) if isinstance(each, Happening)]
    assert "on-its-way" in told
