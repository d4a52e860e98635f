"""What a person has said no to is not undone by a file or a program, whatever either claims."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest

from adapters.database.consents import ALL, SuppressionReason, suppress, suppressed
from adapters.database.engine import reading, writing
from adapters.database.lead_files import import_rows
from tests.web.process import Process

ADDRESS = "l1@example.co.jp"
LATER = "2099-01-01T00:00:00+09:00"


@pytest.mark.parametrize("scope", [ALL, "newsletter"])
@pytest.mark.parametrize("reason", get_args(SuppressionReason))
@pytest.mark.parametrize("how", ["csv", "api", "another id"])
async def test_a_suppression_is_never_lifted_by_an_import(
    process: Process, scope: str, reason: SuppressionReason, how: str
) -> None:
    """Not by a newer consent in it, of whatever basis, not by another id, nor by a name as of a form."""
    await process.client.post("/api/leads", json={"id": "l1", "email": ADDRESS})
    with writing(process.engine) as connection:
        suppress(connection, ADDRESS, scope, reason, at=datetime.now(UTC))
    if how == "csv":
        rows = [
            "id,email,consent_topics,consent_basis,consent_source,consent_at\n",
            f"l1,{ADDRESS.upper()},newsletter,opt_in,form:newsletter,{LATER}\n",
        ]
        now = process.clock.now()
        done = import_rows(process.engine, rows, store=process.store, now=now, file_name="leads.csv")
        assert (done.good, done.bad) == (1, [])
    else:
        consent = {"topics": ["newsletter"], "basis": "opt_in", "source": "form:newsletter", "at": LATER}
        if how == "another id":
            await process.client.post("/api/leads", json={"id": "l1", "email": None})
        lead = {"id": "l2" if how == "another id" else "l1", "email": f" {ADDRESS.upper()}", "consent": consent}
        refused = reason == "erased" and how == "another id"  # nobody but the person itself is taken in again
        assert (await process.client.post("/api/leads", json=lead)).status_code in ((422,) if refused else (200, 201))
    with reading(process.engine) as connection:
        assert suppressed(connection, ADDRESS, "newsletter") == reason
