"""Leads that were merged, erased, or have lost their address: what they said holds, and old ids mean who goes on."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select, update

from adapters.database import (
    consents,
    erasures,
    foresight,
    handoffs,
    lead_mails,
    leads,
    merges,
    preferences,
    replies,
    scrubbing,
)
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import accept, unsubscribe
from adapters.database.leads import LeadUpsert
from adapters.database.merging import Merged, merge
from adapters.database.schema import events, sends
from adapters.database.schema import handoffs as tasks
from adapters.database.schema import leads as lead_rows
from adapters.mail.inbound import Inbound
from nurture.commands import MakeHandoff
from nurture.definitions import FormConsent

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
WORDING = FormConsent(version="ja_1", text="お送りします")
AGREED = {"topics": ["newsletter"], "basis": "opt_in", "source": "form"}
MAIL = "gone/seminar_to_demo/1/newsletter/1"


def upsert(
    store: DeploymentStore, lead: str | None, *, at: datetime = NOW, by_person: bool = False, **said: Any
) -> str:
    """What an import does, or the person by a form."""
    data = LeadUpsert.model_validate({**({"id": lead} if lead else {}), **said})
    wording = WORDING if by_person else None
    with writing(store.engine) as conn:
        return leads.upsert(conn, data, store=store, now=at, wording=wording, by_person=by_person).lead


@pytest.fixture
def two(deployed: DeploymentStore) -> DeploymentStore:
    """Leads `keep` and `gone`, who agreed to the newsletter."""
    for name in ("keep", "gone"):
        upsert(deployed, name, email=f"{name}@example.com", by_person=True, consent=AGREED)
    return deployed


def become_one(store: DeploymentStore, at: datetime = NOW, gone: str = "gone") -> Merged:
    """Merge `gone` into `keep`."""
    with writing(store.engine) as conn:
        return merge(conn, "keep", gone, store=store, now=at)


def shut(store: DeploymentStore, address: str = "keep@example.com") -> str | None:
    """Why no newsletter may go to the address."""
    with reading(store.engine) as conn:
        return consents.suppressed(conn, address, "newsletter")


def leave(store: DeploymentStore, lead: str, at: datetime, scope: str = "newsletter") -> bool:
    """One click in the same mail."""
    with writing(store.engine) as conn:
        return unsubscribe(conn, lead, scope, now=at, send=MAIL)


@pytest.mark.parametrize("scope", ["newsletter", "all"])
def test_rule_2_who_left_and_came_back_and_was_merged_can_leave_by_the_same_mail(
    two: DeploymentStore, scope: str
) -> None:
    """The events that came with the merge count as received then: what was said before is as old as it is."""
    assert leave(two, "gone", NOW + HOUR, scope)
    upsert(two, None, at=NOW + 2 * HOUR, email="gone@example.com", by_person=True, consent=AGREED)
    become_one(two, NOW + 3 * HOUR)
    assert shut(two) is None
    assert leave(two, "gone", NOW + 4 * HOUR, scope)
    assert shut(two) == "one_click"
    assert not leave(two, "keep", NOW + 5 * HOUR, scope), "said twice it is said once"
    with reading(two.engine) as conn:
        assert len(conn.execute(select(events.c.id).where(events.c.type == "unsubscribed")).all()) == 2


def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks up who goes on looks a moment before a merge is committed, and gets the lock after it."""
    real, asked = merges.goes_on, list[str]()

    def once(conn: Connection, lead: str) -> str:
        asked.append(lead)
        return lead if len(asked) == 1 else real(conn, lead)

    monkeypatch.setattr(merges, "goes_on", once)


LETTER = Inbound(to=("x@example.com",), sender="s@example.com", subject="価格", text="教えてください", identity="1")


def _leave(conn: Connection, store: DeploymentStore) -> object:
    return unsubscribe(conn, "gone", "newsletter", now=NOW + HOUR)


def _leave_all(conn: Connection, store: DeploymentStore) -> object:
    preferences.leave_all(conn, "gone", now=NOW + HOUR, send=None)
    return consents.suppressed(conn, "keep@example.com", "newsletter") is not None


def _choose(conn: Connection, store: DeploymentStore) -> object:
    sender = store.current().sender
    assert sender is not None
    return preferences.choose(
        conn, "gone", [], preferences.Wording.of(sender, "ja"), now=NOW + HOUR, send=None
    ).left == ("newsletter",)


def _write(conn: Connection, store: DeploymentStore) -> object:
    return replies.take(conn, LETTER, NOW + HOUR).lead == "keep"


def _erase(conn: Connection, store: DeploymentStore) -> object:
    return erasures.ask(conn, "gone", by="ops", now=NOW + HOUR, real_now=NOW).lead == "keep"


def _hand_over(conn: Connection, store: DeploymentStore) -> object:
    return handoffs.make(conn, task(store), store.current()).lead == "keep"


@pytest.mark.parametrize("act", [_leave, _leave_all, _choose, _write, _erase, _hand_over])
def test_a_merge_that_is_committed_while_the_lock_is_waited_for_loses_nothing(
    two: DeploymentStore, monkeypatch: pytest.MonkeyPatch, act: Callable[[Connection, DeploymentStore], object]
) -> None:
    """What is told of the other is told of the one that goes on, looked up under the lock."""
    become_one(two)
    monkeypatch.setattr(replies, "_by_address", lambda *_: "gone")
    late(monkeypatch)
    with writing(two.engine) as conn:
        assert act(conn, two)


def test_who_waits_for_the_lock_of_a_merge_is_heard(two: DeploymentStore) -> None:
    """Two connections: the click of the other comes while the merge is under way, and shuts the one that goes on."""
    if two.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with ThreadPoolExecutor(1) as pool:
        with writing(two.engine) as conn:
            merge(conn, "keep", "gone", store=two, now=NOW)
            click = pool.submit(leave, two, "gone", NOW + HOUR)
            with pytest.raises(TimeoutError):
                click.result(timeout=0.5)
        assert click.result(timeout=20)
    assert shut(two) == "one_click"


@pytest.mark.parametrize("cleared", [{"email": None}, {"emails": []}])
@pytest.mark.parametrize("how", ["before", "after", "event", "by hand"])
def test_rule_2_an_opt_out_outlives_the_address(two: DeploymentStore, cleared: dict[str, Any], how: str) -> None:
    """Said while there was an address or while there was none, it holds for the next; a form after it lifts it."""
    if how == "before":
        leave(two, "gone", NOW + HOUR)
    if how == "by hand":
        with writing(two.engine) as conn:
            consents.suppress(conn, "gone@example.com", consents.ALL, "manual", at=NOW + HOUR)
    upsert(two, "gone", at=NOW + 2 * HOUR, **cleared)
    if how == "after":
        assert leave(two, "gone", NOW + 3 * HOUR)
        assert not leave(two, "gone", NOW + 3 * HOUR)
    if how == "event":
        told = {"id": "e", "lead": "gone", "type": "unsubscribed"}
        with writing(two.engine) as conn:
            accept(conn, [told], store=two, now=NOW + 3 * HOUR)
    upsert(two, "gone", at=NOW + 4 * HOUR, email="next@example.com")
    assert shut(two, "next@example.com") in ("one_click", "unsubscribed", "manual")
    upsert(two, None, at=NOW + 5 * HOUR, email="next@example.com", by_person=True, consent=AGREED)
    assert (shut(two, "next@example.com") is None) == (how != "by hand")


def test_a_dead_mailbox_shuts_no_next_one(two: DeploymentStore) -> None:
    """It is no word of a person, also where the address was cleared."""
    with writing(two.engine) as conn:
        consents.suppress(conn, "gone@example.com", consents.ALL, "bounced", at=NOW + HOUR)
    upsert(two, "gone", email=None)
    upsert(two, "gone", email="next@example.com")
    assert shut(two, "next@example.com") is None


@pytest.mark.parametrize("without", ["keep", "gone"])
def test_rule_2_an_opt_out_without_an_address_is_kept_by_a_merge(two: DeploymentStore, without: str) -> None:
    """Whichever of the two has none; where neither has, the next address is shut."""
    upsert(two, without, email=None)
    leave(two, without, NOW + HOUR)
    become_one(two, NOW + 2 * HOUR)
    assert shut(two, "gone@example.com" if without == "keep" else "keep@example.com") == "one_click"


def test_rule_2_where_neither_has_an_address_the_next_one_is_shut(two: DeploymentStore) -> None:
    """The stricter word wins all the same."""
    leave(two, "gone", NOW + HOUR)
    for name in ("keep", "gone"):
        upsert(two, name, email=None)
    assert become_one(two, NOW + 2 * HOUR).refused == (("newsletter", "one_click"),)
    upsert(two, "keep", email="next@example.com")
    assert shut(two, "next@example.com") == "one_click"


def test_who_was_erased_and_came_back_can_be_merged(two: DeploymentStore) -> None:
    """The form brought the address back; that it is the same person as another lead brings nobody back."""
    with writing(two.engine) as conn:
        erasures.ask(conn, "gone", by="ops", now=NOW, real_now=NOW)
    back = upsert(two, None, at=NOW + HOUR, email="gone@example.com", by_person=True, consent=AGREED)
    assert become_one(two, NOW + 2 * HOUR, back).addresses == ("gone@example.com",)


def task(store: DeploymentStore, lead: str = "gone") -> MakeHandoff:
    """A letter, of which sales is to hear."""
    sales = store.current().sales
    assert sales is not None
    return MakeHandoff(
        lead=lead, handoff=f"{lead}/reply/1", queue=next(iter(sales.queues)), note=None, reasons=("replied",),
        scenario="", enrolment=0, step="", visit=0, at=NOW, deployment=1,
    )  # fmt: skip


def test_nobody_hears_of_an_erased_lead_and_no_task_of_it_stays_open(two: DeploymentStore) -> None:
    """What was commanded before the erasure and is carried out after it is refused; what is there is closed."""
    with writing(two.engine) as conn:
        erasures.ask(conn, "gone", by="ops", now=NOW, real_now=NOW)
        with pytest.raises(handoffs.LeadForgotten):
            handoffs.make(conn, task(two), two.current())
        assert handoffs.unnotified(conn, 5) == []
        row = {"id": "left", "lead": "gone", "queue": "inside_sales", "state": "accepted", "made_at": NOW}
        conn.execute(insert(tasks).values(reasons=[], **row))
        scrubbing.scrub(conn, "gone", NOW)
        assert handoffs.get(conn, "left").state == "expired"
        with pytest.raises(handoffs.HandoffTaken):
            handoffs.close(conn, "left", "rep", "won", now=NOW, reason="a word about the person")


def test_no_deployment_hands_over_a_lead_that_was_merged_away(two: DeploymentStore) -> None:
    """Also where its workflow writes once more that it is hot, since it has not heard of the merge."""
    become_one(two)
    with writing(two.engine) as conn:
        gone = lead_rows.c.id == "gone"
        assert conn.execute(select(lead_rows.c.position).where(gone)).scalar_one() == {}
        hot: dict[str, Any] = {"position": {"hot": True}, "state": {"hot_unsold": ["no queue"]}}
        conn.execute(update(lead_rows).where(gone).values(hot))
        definitions = two.current()
        assert foresight.hot_by(conn, definitions, definitions, NOW).held == ()


def test_pages_of_an_old_id_show_the_one_that_goes_on(two: DeploymentStore) -> None:
    """What it wrote, its mails and its tasks."""
    with writing(two.engine) as conn:
        conn.execute(insert(sends).values(
            key=MAIL, lead="gone", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
            template="newsletter", deployment=1, state="accepted", attempted_at=NOW, accepted_at=NOW,
        ))  # fmt: skip
        made = handoffs.make(conn, task(two), two.current())
        handoffs.expire(conn, made.id, now=NOW, reason="nobody")
        assert replies.take(conn, replace(LETTER, sender="gone@example.com"), NOW).lead == "gone"
    become_one(two)
    with reading(two.engine) as conn:
        assert len(replies.page(conn, "gone")[0]) == 1
        assert len(lead_mails.page(conn, "gone")[0]) == 1
        assert [each.id for each in handoffs.page(conn, lead="gone")[0]] == ["gone/reply/1"]
