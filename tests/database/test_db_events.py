"""Taking in what leads did: from the API, and from the mail provider."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from adapters.database import consents, leads, numbering, timeline
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.events import (
    EventsAnswer,
    MailAnswer,
    MailEvent,
    accept,
    accept_mail,
    happened,
    parked,
    unsubscribe,
)
from adapters.database.leads import LeadUpsert
from adapters.database.schema import events, sends
from nurture.automatic_clicks import Click, automatic
from nurture.entries import Happening

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
SENT = NOW - timedelta(hours=1)
KEY = "a/seminar_to_demo/1/newsletter/1"


def _accept(store: DeploymentStore, *told: Any) -> EventsAnswer:
    with writing(store.engine) as conn:
        return accept(conn, told, store=store, now=NOW)


def _event(**keys: Any) -> dict[str, Any]:
    return {"id": "e1", "lead": "a", "type": "visited", **keys}


@pytest.fixture
def store(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder deployed, lead `a`, and one mail accepted an hour ago."""
    with writing(deployed.engine) as conn:
        data = LeadUpsert.model_validate({"id": "a", "email": "a@example.com"})
        leads.upsert(conn, data, store=deployed, now=NOW - timedelta(days=1))
        conn.execute(
            insert(sends).values(
                key=KEY, lead="a", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted",
                attempted_at=SENT - timedelta(seconds=1), accepted_at=SENT,
            )
        )  # fmt: skip
    return deployed


def _mail(kind: str, seconds: float = 600, number: int = 1, **keys: Any) -> MailEvent:
    said = {"id": f"{kind}-{number}", "send": KEY, "type": kind, "at": SENT + timedelta(seconds=seconds)}
    return MailEvent.model_validate({**said, "address": "a@example.com", **keys})


def _accept_mail(store: DeploymentStore, *told: MailEvent, now: datetime = NOW) -> MailAnswer:
    with writing(store.engine) as conn:
        return accept_mail(conn, told, now, store.current().sender)


def _heard(store: DeploymentStore) -> list[Happening]:
    with writing(store.engine) as conn:
        return [entry for entry in numbering.after(conn, "a", 0, store) if isinstance(entry, Happening)]


def _suppressed(store: DeploymentStore, topic: str) -> str | None:
    with reading(store.engine) as conn:
        return consents.suppressed(conn, "a@example.com", topic)


# --- the API --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "said"),
    [
        (_event(type="visted"), "unknown event type 'visted': did you mean 'visited'"),
        (_event(at="2026-11-02"), "at: write an RFC 3339 time"),
        (_event(at="2026-11-02T10:00:00"), "at: write an RFC 3339 time"),
        (_event(at="2026-02-30T10:00:00Z"), "at: '2026-02-30T10:00:00Z' is no time of the calendar"),
        (_event(at="2026-11-02T01:10:01Z"), "at: 2026-11-02T01:10:01Z is more than 10 minutes ahead"),
        (_event(at="1999-12-31T23:59:59Z"), "before 2000"),
        (_event(lead=None), "lead: must be"),
        (_event(lead={"phone": "1"}), "lead: must be"),
        ({"id": "e1", "type": "visited"}, "lead: is required"),
        (_event(colour="red"), "colour: is not a field"),
        (_event(properties=[]), "properties: "),
        ("visited", "an event is a JSON object"),
    ],
)
def test_a_bad_event_is_rejected_with_its_reason_and_the_good_ones_kept(
    store: DeploymentStore, event: Any, said: str
) -> None:
    """Its place in the request and what is wrong; the events around it are accepted."""
    answer = _accept(store, _event(id="before"), event, _event(id="after"))
    assert answer.accepted == 2
    ((index, reason),) = [(each.index, each.reason) for each in answer.rejected]
    assert index == 1
    assert said in reason


def test_an_event_is_taken_once(store: DeploymentStore) -> None:
    """The same id in one batch or in two is a duplicate, whatever else it says."""
    first = _accept(store, _event(), _event(subject="other"))
    second = _accept(store, _event(), _event(id="e2"))
    assert (first.accepted, first.duplicates) == (1, 1)
    assert (second.accepted, second.duplicates) == (1, 1)


def test_a_lead_may_be_named_by_its_address(store: DeploymentStore) -> None:
    """However it is written."""
    _accept(store, _event(lead={"email": "A@Example.com"}, type="requested", subject="demo"))
    assert [(entry.type, entry.subject) for entry in _heard(store)] == [("requested", "demo")]


def test_lists_of_parked_events_come_in_pages(store: DeploymentStore) -> None:
    """Oldest first, with the lead as it was named."""
    _accept(store, *(_event(id=f"e{number}", lead=f"l{number}") for number in range(3)))
    with reading(store.engine) as conn:
        first, cursor = parked(conn, 2)
        second, end = parked(conn, 2, cursor)
    assert [item["lead"] for item in first + second] == ["l0", "l1", "l2"]
    assert end is None


def test_an_unsubscribe_told_by_the_api_shuts_the_address(store: DeploymentStore) -> None:
    """Of the topic it names, else of all."""
    _accept(store, _event(type="unsubscribed", subject="newsletter"))
    assert (_suppressed(store, "newsletter"), _suppressed(store, "seminars")) == ("unsubscribed", None)
    _accept(store, _event(id="e2", type="spam_reported"))
    assert _suppressed(store, "seminars") == "spam_reported"


def test_one_click_is_effective_at_once_and_only_once(store: DeploymentStore) -> None:
    """The address is shut in the same transaction; the workflow hears one event; again changes nothing."""
    with writing(store.engine) as conn:
        assert unsubscribe(conn, "a", "newsletter", now=NOW, send=KEY)
        assert not unsubscribe(conn, "a", "newsletter", now=NOW + timedelta(days=1), send=KEY)
    assert _suppressed(store, "newsletter") == "one_click"
    assert [(entry.type, entry.suppresses) for entry in _heard(store)] == [("unsubscribed", "newsletter")]


def test_a_thousand_events_are_one_pass(store: DeploymentStore) -> None:
    """A full batch is stored whole."""
    answer = _accept(store, *(_event(id=f"e{number}") for number in range(1000)))
    assert answer.accepted == 1000
    with reading(store.engine) as conn:
        assert conn.execute(select(func.count()).select_from(events)).scalar() == 1000


# --- the mail provider ----------------------------------------------------------------------------------------------


def test_a_mail_event_finds_its_lead_and_its_template_by_the_send_key(store: DeploymentStore) -> None:
    """The subject is the template; the timeline names scenario, step and visit."""
    _accept_mail(store, _mail("opened"))
    (entry,) = _heard(store)
    assert (entry.type, entry.subject, entry.send) == ("opened", "newsletter_01", KEY)
    with reading(store.engine) as conn:
        ((item,), _) = timeline.page(conn, "a")
    assert (item["id"], item["scenario"], item["step"], item["visit"]) == (
        "opened-1", "seminar_to_demo", "newsletter", 1,
    )  # fmt: skip


def test_two_tellings_of_one_event_are_one_whatever_their_ids(store: DeploymentStore) -> None:
    """By id, and by what it means: send key, event, time, url and place of the link."""
    link: dict[str, Any] = {"url": "https://example.com/x", "url_offset": "0"}
    answer = _accept_mail(
        store,
        _mail("clicked", number=1, **link),
        _mail("clicked", number=1, **link),
        _mail("clicked", number=2, **link),
        _mail("clicked", number=3, url="https://example.com/x", url_offset="1"),
    )
    again = _accept_mail(store, _mail("clicked", number=4, **link))
    assert (answer.accepted, answer.duplicates, again.duplicates) == (2, 2, 1)


def test_a_mail_event_is_never_earlier_than_the_acceptance_of_its_mail(store: DeploymentStore) -> None:
    """Provider times are whole seconds; nor is it later than its receipt."""
    _accept_mail(store, _mail("delivered", seconds=-1), _mail("opened", seconds=7200))
    with reading(store.engine) as conn:
        assert conn.execute(select(events.c.at).order_by(events.c.at)).scalars().all() == [SENT, NOW]


def test_a_hard_bounce_shuts_the_address_and_a_group_unsubscribe_its_topic(store: DeploymentStore) -> None:
    """At once, and the workflow hears what is shut."""
    _accept_mail(store, _mail("unsubscribed", suppresses="topic"))
    assert (_suppressed(store, "newsletter"), _suppressed(store, "seminars")) == ("unsubscribed", None)
    _accept_mail(store, _mail("bounced", suppresses="all"))
    assert _suppressed(store, "seminars") == "bounced"
    assert [entry.suppresses for entry in _heard(store)] == ["newsletter", "all"]


def test_an_unsubscribe_of_an_unknown_mail_shuts_the_address_that_it_names(store: DeploymentStore) -> None:
    """Found by address; and parked, yet shut, where that is unknown too."""
    _accept_mail(store, _mail("unsubscribed", send="x/y/1/z/1", suppresses="all"))
    assert _suppressed(store, "newsletter") == "unsubscribed"
    answer = _accept_mail(store, _mail("bounced", number=2, send=None, address="b@example.com", suppresses="all"))
    assert (answer.accepted, answer.parked) == (1, 1)
    with reading(store.engine) as conn:
        assert consents.suppressed(conn, "b@example.com", "newsletter") == "bounced"


def test_nothing_of_a_mail_that_tries_a_template_is_stored(store: DeploymentStore) -> None:
    """Opened, clicked or given back: a test mail to a lead's own address tells nothing of the lead."""
    tried = "test/a/newsletter_01/0a1b2c3d"
    answer = _accept_mail(
        store,
        _mail("opened", send=tried),
        _mail("clicked", send=tried, url="https://www.example.com/"),
        _mail("bounced", send=tried, suppresses="all"),
        _mail("processed", send=tried),
        _mail("bounced", send="sales/a/0a1b2c3d", address="rep@example.com", suppresses="all"),  # one to a rep
    )
    assert (answer.accepted, answer.parked, answer.ignored) == (0, 0, 5)
    assert _suppressed(store, "newsletter") is None
    with reading(store.engine) as conn:
        assert conn.execute(select(events)).all() == []


def test_a_lead_that_is_called_test_is_heard(store: DeploymentStore) -> None:
    """Its send keys begin as those of test mails do, yet its mails were sent by a scenario."""
    key = "test/seminar_to_demo/1/newsletter/1"
    with writing(store.engine) as conn:
        leads.upsert(conn, LeadUpsert(id="test", email="b@example.com"), store=store, now=NOW)
        conn.execute(
            insert(sends).values(
                key=key, lead="test", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted", accepted_at=SENT,
            )
        )  # fmt: skip
    assert _accept_mail(store, _mail("opened", send=key)).accepted == 1


def test_a_machine_open_is_kept_and_nobody_hears_of_it(store: DeploymentStore) -> None:
    """It is on the timeline as automatic, has no number, and is not among what the lead did."""
    assert _accept_mail(store, _mail("opened", machine=True)).automatic == 1
    assert _heard(store) == []
    with reading(store.engine) as conn:
        assert [(item["automatic"], item["seq"]) for item in timeline.page(conn, "a")[0]] == [(True, None)]
        assert happened(conn, "a", 99) == []


@pytest.mark.parametrize(("seconds", "is_automatic"), [(39.9, True), (40.0, False)])
def test_a_click_within_ten_seconds_of_delivery_is_automatic(
    store: DeploymentStore, seconds: float, is_automatic: bool
) -> None:
    """Delivered 30 s after acceptance: 9.9 s later is a machine, 10 s later a person."""
    _accept_mail(store, _mail("delivered", 30))
    answer = _accept_mail(store, _mail("clicked", seconds, url="https://example.com/x"))
    assert answer.automatic == is_automatic
    assert [entry.type for entry in _heard(store) if entry.type == "clicked"] == ([] if is_automatic else ["clicked"])


def test_a_hit_of_the_hidden_link_is_automatic(store: DeploymentStore) -> None:
    """No person sees that link."""
    assert _accept_mail(store, _mail("clicked", url="https://n.example.com/mail/hidden")).automatic == 1


def test_the_third_link_within_five_seconds_takes_back_the_clicks_before_it(store: DeploymentStore) -> None:
    """Two clicks counted; the third shows a machine: those two are reversed, marked and explained."""
    clicks = [
        _mail("clicked", 600 + place, place, url=f"https://example.com/{place}", url_offset=str(place))
        for place in (0, 2, 5)
    ]
    _accept_mail(store, *clicks[:2])
    assert len(_heard(store)) == 2
    later = NOW + timedelta(minutes=1)
    answer = _accept_mail(store, clicks[2], now=later)
    assert sorted(answer.reversed_) == ["clicked-0", "clicked-2"]
    assert len(_heard(store)) == 2
    with reading(store.engine) as conn:
        assert happened(conn, "a", 99) == []
        rows = conn.execute(select(events.c.event, events.c.reversed_at).order_by(events.c.event)).all()
        items, _ = timeline.page(conn, "a")
    assert [tuple(row) for row in rows] == [("clicked-0", later), ("clicked-2", later), ("clicked-5", None)]
    assert all(item["automatic"] for item in items if item["kind"] == "event")
    assert [item["what"] for item in items if item["kind"] == "score"] == ["reversed", "reversed"]


def test_an_event_proves_that_a_mail_whose_answer_was_lost_has_gone(store: DeploymentStore) -> None:
    """`unknown` becomes `accepted`, also by an event that nobody else is told of."""
    with writing(store.engine) as conn:
        conn.execute(sends.update().values(state="unknown", accepted_at=None))
    answer = _accept_mail(store, _mail("processed"))
    assert (answer.accepted, answer.ignored) == (0, 1)
    assert _heard(store) == []
    with reading(store.engine) as conn:
        assert conn.execute(select(sends.c.state)).scalar() == "accepted"
        assert [item["what"] for item in timeline.page(conn, "a")[0]] == ["accepted"]


def test_a_full_batch_of_mail_events_is_stored(store: DeploymentStore) -> None:
    """A thousand at once, in one transaction."""
    told = [_mail("opened", 600 + number, number) for number in range(1000)]
    assert _accept_mail(store, *told).accepted == 1000


# --- automatic clicks, pure -----------------------------------------------------------------------------------------


def _click(name: str, seconds: float, url: str | None = None, *, hidden: bool = False) -> Click:
    return Click(name, url or f"https://example.com/{name}", SENT + timedelta(seconds=seconds), hidden)


def test_the_same_link_clicked_thrice_is_a_person() -> None:
    """Different links make a machine, not many clicks."""
    assert automatic([_click(name, 60 + place, "https://example.com") for place, name in enumerate("abc")], SENT) == {}


def test_three_links_over_more_than_five_seconds_are_a_person() -> None:
    """The span is five seconds, both ends included."""
    assert automatic([_click("a", 60), _click("b", 62), _click("c", 65.1)], SENT) == {}
    assert set(automatic([_click("a", 60), _click("b", 62), _click("c", 65)], SENT)) == {"a", "b", "c"}


def test_the_order_of_arrival_never_matters() -> None:
    """Clicks are judged by their times."""
    clicks = [_click("a", 60), _click("b", 62), _click("c", 64), _click("d", 300), _click("h", 400, hidden=True)]
    assert automatic(clicks, SENT) == automatic(clicks[::-1], SENT)
    assert set(automatic(clicks, SENT)) == {"a", "b", "c", "h"}
