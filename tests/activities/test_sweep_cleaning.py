"""The night also deletes what is kept for some days only."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from temporalio.testing import ActivityEnvironment

from activities.bulk import BulkActivities
from adapters.clock import Clock
from adapters.database import page_views
from adapters.database.engine import reading, writing
from adapters.database.leads import LeadUpsert, upsert
from adapters.database.page_views import PageView
from adapters.database.schema import lead_words, leads
from adapters.database.schema import page_views as table
from tests.activities.conftest import SendDesk


def test_a_night_deletes_old_page_views_of_nobody(desk: SendDesk) -> None:
    """Those of the newest 90 days stay; by day nothing is deleted."""
    began = desk.now()
    with writing(desk.engine) as conn:
        for name, days in (("old", 91), ("young", 80)):
            view = PageView("b" * 32, name, "visited", f"/{name}", "https://www.example.co.jp")
            page_views.take(conn, view, store=desk.store, now=began - timedelta(days=days))

    def left() -> list[str]:
        with reading(desk.engine) as conn:
            return list(conn.execute(select(table.c.subject)).scalars())

    sweep = BulkActivities(desk.activities._desk).sweep
    ActivityEnvironment().run(sweep)
    assert left() == ["/old", "/young"]
    desk.ahead = timedelta(days=2)
    later = desk.activities._desk
    assert isinstance(later.clock, Clock)
    ActivityEnvironment().run(BulkActivities(later).sweep)
    assert left() == ["/young"]


def test_a_night_mends_what_leads_are_searched_by(desk: SendDesk) -> None:
    """A process of an older release may have erased somebody and made somebody else since the tables are new."""
    began = desk.now()
    with writing(desk.engine) as conn:
        for lead in ("w1", "w2"):
            upsert(conn, LeadUpsert(id=lead), store=desk.store, now=began)
        before = set(conn.execute(select(lead_words.c.lead)).scalars())
        conn.execute(update(leads).where(leads.c.id == "w1").values(status="erased"))
        conn.execute(delete(lead_words).where(lead_words.c.lead == "w2"))
    ActivityEnvironment().run(BulkActivities(desk.activities._desk).sweep)
    desk.ahead = timedelta(days=2)
    ActivityEnvironment().run(BulkActivities(desk.activities._desk).sweep)
    with reading(desk.engine) as conn:
        assert set(conn.execute(select(lead_words.c.lead)).scalars()) == before - {"w1"}
