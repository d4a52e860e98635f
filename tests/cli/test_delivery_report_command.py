"""`nurture report delivery` and `GET /api/report/delivery`."""

from __future__ import annotations

import csv
import io
import json
import os
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert

from adapters.database.engine import open_database, writing
from adapters.database.schema import events, leads, sends
from tests.cli.conftest import Nurture


@pytest.fixture
def mailed(deployed: Nurture) -> Nurture:
    """30 leads of 25 domains with a mail each; all but two arrived."""
    engine, now = open_database(os.environ["NURTURE_DATABASE_URL"]), datetime.now(UTC) - timedelta(hours=1)
    with writing(engine) as conn:
        for number in range(30):
            lead, domain = f"l{number:02}", f"d{number % 25:02}.example"
            key = f"{lead}/seminar_to_demo/1/newsletter/1"
            conn.execute(
                insert(leads).values(
                    id=lead, email=f"secret{number}@{domain}", language="ja", attributes={}, created_at=now
                )
            )
            conn.execute(
                insert(sends).values(
                    key=key, lead=lead, scenario="seminar_to_demo", enrolment=1, step="newsletter", visit=1,
                    template="newsletter_01", deployment=1, state="accepted", attempted_at=now, accepted_at=now,
                    domain=domain, cancelled_issue=0,
                )
            )  # fmt: skip
            conn.execute(
                insert(events).values(
                    event=f"e{number}", lead=lead, type="bounced" if number < 2 else "delivered", subject="", at=now,
                    received_at=now, send=key, automatic=False, properties={}, filed=True,
                )
            )  # fmt: skip
    engine.dispose()
    return deployed


def test_nothing_sent_is_said(deployed: Nurture) -> None:
    """An empty report is no error."""
    said = deployed("report", "delivery")
    assert (said.code, "メールはありません" in said.out) == (0, True)


def test_the_report_speaks_both_languages_and_names_no_address(mailed: Nurture) -> None:
    """Scenario and domains with counts and intervals; twenty domains, the rest in the file."""
    japanese, english = mailed("report", "delivery"), mailed("report", "delivery", "--language", "en")
    assert "シナリオ別" in japanese.out
    assert "by receiving domain" in english.out
    assert "5 more domains" in english.out
    assert "93.3 (78.7–98.2)" in english.out
    assert "too few to say" in english.out
    assert "secret" not in japanese.out + english.out


def test_csv_and_json_hold_every_line(mailed: Nurture) -> None:
    """One line for all, one for each scenario and domain."""
    rows = list(csv.DictReader(io.StringIO(mailed("report", "delivery", "--csv", "-").out)))
    assert [row["by"] for row in rows] == ["all", "scenario", *["domain"] * 25]
    assert (rows[0]["sent"], rows[0]["dead"], rows[0]["delivered_share"]) == ("30", "2", "0.9333")
    data = json.loads(mailed("report", "delivery", "--format", "json", "--since", "7d").out)
    assert (data["total"]["counts"]["delivered"], len(data["domains"])) == (28, 25)


@pytest.mark.parametrize("since", ["5bd", "soon", "-3d", "0d", "100000d"])
def test_a_span_that_is_none_is_explained(deployed: Nurture, since: str) -> None:
    """What, where, and what to write."""
    said = deployed("report", "delivery", "--since", since)
    assert said.code == 1
    assert "--since" in said.err
