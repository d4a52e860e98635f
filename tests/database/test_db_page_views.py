"""Page views of the own site: nobody's at first, a lead's from a sign-up or a click in a mail on."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, insert, select

from adapters.database import leads, page_views
from adapters.database.deployments import DeploymentStore
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert
from adapters.database.numbering import file_events
from adapters.database.page_views import MOST_BROWSERS, MOST_KEPT, PageView
from adapters.database.schema import events, sends, timeline
from adapters.database.schema import page_views as table

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
KEEP = timedelta(days=90)
SITE = "https://www.example.co.jp"
BROWSER, OTHER = "b" * 32, "c" * 32
KEY = "a/seminar_to_demo/1/newsletter/1"


@pytest.fixture
def store(deployed: DeploymentStore) -> DeploymentStore:
    """The sample folder, leads `a` and `b`, and a mail that went to `a` an hour ago."""
    with writing(deployed.engine) as conn:
        for name in ("a", "b"):
            data = LeadUpsert.model_validate({"id": name, "email": f"{name}@example.com"})
            leads.upsert(conn, data, store=deployed, now=NOW - timedelta(days=100))
        conn.execute(
            insert(sends).values(
                key=KEY, lead="a", scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                template="newsletter_01", topic="newsletter", deployment=1, state="accepted",
                attempted_at=NOW - timedelta(hours=1), accepted_at=NOW - timedelta(hours=1),
            )
        )  # fmt: skip
    return deployed


def take(store: DeploymentStore, name: str, at: datetime = NOW, **keys: Any) -> str:
    """One look at /pricing."""
    said = {"visitor": BROWSER, "type": "visited", "subject": "/pricing", "site": SITE, **keys}
    with writing(store.engine) as conn:
        return page_views.take(conn, PageView(id=name, **said), store=store, now=at)


def sign_up(store: DeploymentStore, lead: str, at: datetime = NOW, visitor: str = BROWSER) -> int:
    """The lead posts a form in the browser."""
    with writing(store.engine) as conn:
        return page_views.sign_up(conn, visitor, lead, store=store, now=at, keep=KEEP)


def come(store: DeploymentStore, visitor: str = BROWSER, at: datetime = NOW, **keys: Any) -> bool:
    """The browser comes by a link in the mail to `a`."""
    with writing(store.engine) as conn:
        return page_views.come_by_mail(conn, visitor, KEY, now=at, **keys)


def of(store: DeploymentStore, lead: str) -> list[tuple[datetime, str]]:
    """When and where the lead was, in order."""
    with reading(store.engine) as conn:
        query = select(events.c.at, events.c.subject).where(events.c.lead == lead).order_by(events.c.at)
        return [(row.at, row.subject) for row in conn.execute(query)]


def kept(store: DeploymentStore) -> int:
    """How many page views are nobody's."""
    with reading(store.engine) as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()


def test_a_sign_up_brings_the_earlier_visits_with_their_own_times(store: DeploymentStore) -> None:
    """They are nobody's until then; the timeline says how many came, and each is on it with the time it was made."""
    earlier = NOW - timedelta(days=3)
    assert take(store, "1", earlier) == "of_nobody"
    assert take(store, "2", earlier + timedelta(minutes=1), subject="/catalog") == "of_nobody"
    assert of(store, "a") == []
    assert sign_up(store, "a") == 2
    assert of(store, "a") == [(earlier, "/pricing"), (earlier + timedelta(minutes=1), "/catalog")]
    assert kept(store) == 0
    assert take(store, "3") == "of_a_lead"
    with writing(store.engine) as conn:
        assert file_events(conn, "a", store) == 3
        lines = conn.execute(select(timeline).where(timeline.c.lead == "a").order_by(timeline.c.id)).all()
    assert [line.what for line in lines] == ["page_views_joined", "visited", "visited", "visited"]
    assert lines[0].reason.startswith("2 earlier page view(s)")


def test_a_visit_told_twice_counts_once(store: DeploymentStore) -> None:
    """While it is nobody's, and also where it is told again after the sign-up."""
    assert take(store, "1") == "of_nobody"
    assert take(store, "1") == "again"
    assert sign_up(store, "a") == 1
    assert take(store, "1") == "again"
    assert len(of(store, "a")) == 1


def test_signing_up_again_brings_nothing_twice(store: DeploymentStore) -> None:
    """A second form in the same browser changes nothing."""
    take(store, "1")
    assert sign_up(store, "a") == 1
    assert sign_up(store, "a") == 0
    assert len(of(store, "a")) == 1


def test_on_a_shared_computer_the_newest_sign_up_wins_from_then_on(store: DeploymentStore) -> None:
    """What was joined to the first stays with the first."""
    take(store, "1", NOW - timedelta(hours=2))
    sign_up(store, "a", NOW - timedelta(hours=1))
    take(store, "2", NOW - timedelta(minutes=30))
    assert sign_up(store, "b", NOW - timedelta(minutes=20)) == 0
    take(store, "3", NOW, subject="/")
    assert [subject for _, subject in of(store, "a")] == ["/pricing", "/pricing"]
    assert of(store, "b") == [(NOW, "/")]


def test_a_sign_up_brings_no_more_than_it_should(store: DeploymentStore) -> None:
    """The newest 200 of one browser, none older than the days they are kept, and none of another browser."""
    take(store, "old", NOW - KEEP - timedelta(days=1))
    take(store, "other", visitor=OTHER)
    for number in range(MOST_KEPT + 5):
        take(store, str(number), NOW - timedelta(minutes=MOST_KEPT + 5 - number), subject=f"/{number}")
    assert kept(store) == MOST_KEPT + 1
    assert sign_up(store, "a") == MOST_KEPT
    assert of(store, "a")[0][1] == "/5"
    assert kept(store) == 1
    take(store, "older", NOW - KEEP - timedelta(days=1), visitor="d" * 32)
    assert sign_up(store, "b", visitor="d" * 32) == 0
    assert of(store, "b") == []


def test_a_click_in_a_mail_makes_a_browser_known_from_then_on(store: DeploymentStore) -> None:
    """It brings no earlier page views: they come with a form that is posted there."""
    take(store, "1", NOW - timedelta(hours=2))
    assert come(store)
    assert of(store, "a") == []
    assert take(store, "2") == "of_a_lead"
    assert len(of(store, "a")) == 1
    assert sign_up(store, "a") == 1


def test_a_forwarded_mail_takes_over_nobody(store: DeploymentStore) -> None:
    """A browser that is known stays whose it is, and the fourth browser of one mail is not believed."""
    sign_up(store, "b", visitor=OTHER)
    assert not come(store, OTHER)
    take(store, "1", visitor=OTHER)
    assert len(of(store, "b")) == 1
    assert [come(store, str(number) * 32) for number in range(MOST_BROWSERS + 1)] == [True] * MOST_BROWSERS + [False]


def test_a_machine_that_follows_links_makes_no_browser_known(store: DeploymentStore) -> None:
    """Sooner after the mail went than a person reads, or by the key of a mail that never went."""
    soon = NOW - timedelta(hours=1) + timedelta(seconds=3)
    assert not come(store, at=soon, not_before=timedelta(seconds=10))
    with writing(store.engine) as conn:
        assert not page_views.come_by_mail(conn, BROWSER, "a/seminar_to_demo/1/newsletter/2", now=NOW)
        assert page_views.whose(conn, BROWSER) is None


def test_withdrawing_makes_a_browser_nobodys(store: DeploymentStore) -> None:
    """Its page views that were nobody's are gone; those of the lead stay, as everything it did does."""
    take(store, "1", visitor=OTHER)
    sign_up(store, "a")
    take(store, "2")
    with writing(store.engine) as conn:
        page_views.forget(conn, BROWSER)
        page_views.forget(conn, OTHER)
        assert page_views.whose(conn, BROWSER) is None
    assert kept(store) == 0
    assert len(of(store, "a")) == 1


def test_old_visits_of_nobody_are_deleted(store: DeploymentStore) -> None:
    """Those of the days that are kept stay."""
    take(store, "1", NOW - timedelta(days=91))
    take(store, "2", NOW - timedelta(days=89))
    with writing(store.engine) as conn:
        assert page_views.clean(conn, NOW - KEEP) == 1
    assert kept(store) == 1
