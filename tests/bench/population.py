"""Fills a database with many leads of the sample folder and what they did, straight into the tables.

What is measured are questions about all leads, so there are leads and events and nothing else: no entries, timelines
or enrolments. Rows are written as they come in over years, each lead's events scattered among those of all others: a
question that finds them side by side on the disk would look faster than it is. The same arguments give the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from typing import Any

from sqlalchemy import Connection, Engine, Table, text
from sqlalchemy.schema import CreateIndex, DropIndex

from adapters.database.engine import writing
from adapters.database.schema import events, leads

NOW = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""The instant at which the population is as old as it is said to be."""
DAYS = 720
"""How long ago the first events were."""
AT_ONCE = 20_000
_ROWS_OF_A_TRANSACTION = 25 * AT_ONCE

INDUSTRIES = ("telecom", "broadcasting", "utilities", "other")
TITLES = ("department_head", "section_head", "chief", "staff")
REGIONS = ("東京都", "大阪府", "愛知県", "福岡県", "北海道", "神奈川県", "宮城県", "広島県")
VALUES = ("価格", "サポート", "実績", "セキュリティ", "導入の速さ")
RELATIONS = ("prospect", "prospect", "prospect", "prospect", "customer", "competitor")
DID = (
    *(("delivered", f"newsletter_{number:02}") for number in range(4)),
    *(("opened", f"newsletter_{number:02}") for number in range(3)),
    ("clicked", "newsletter_00"), ("clicked", "seminar_invite"), ("opened", "seminar_invite"),
    ("visited", "/"), ("visited", "/pricing"), ("visited", "/product"), ("downloaded", "whitepaper/monitoring"),
    ("downloaded", "whitepaper/night-shift"), ("signed_up", "seminar/2026-09"), ("attended", "seminar/2026-09"),
    ("attended", "consultation"), ("requested", "demo"), ("created_project", ""),
)  # fmt: skip
_MAIL = frozenset({"delivered", "opened", "clicked"})


def fill(engine: Engine, count: int, events_each: int, seed: int = 1) -> None:
    """Write `count` leads, `lead_0000000` and on, with `events_each` events each, up to NOW, into empty tables.

    A twentieth of the events was a machine's, or taken back. Indexes that are no constraint are made at the end.
    """
    ages = _quiet_days(count, seed)
    write_rows(engine, leads, _LEAD_COLUMNS, _leads(count, seed))
    with writing(engine) as conn:
        for index in events.indexes:
            conn.execute(DropIndex(index))
    write_rows(engine, events, _EVENT_COLUMNS, _events(ages, events_each, seed))
    with writing(engine) as conn:
        for index in events.indexes:
            conn.execute(CreateIndex(index))
    if engine.dialect.name == "postgresql":  # as its autovacuum would have; on SQLite the product gathers no statistics
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.execute(text("ANALYZE"))


_LEAD_COLUMNS = (
    "id", "email", "name", "language", "attributes", "created_at", "last_seq", "last_enrolment", "started", "pending",
    "retired", "seq", "record", "position", "status",
)  # fmt: skip
_EVENT_COLUMNS = (
    "event", "lead", "type", "subject", "at", "received_at", "send", "automatic", "properties", "reversed_at", "filed",
)  # fmt: skip


def name_of(number: int) -> str:
    """The id of the n-th lead, from 0."""
    return f"lead_{number:07}"


def _quiet_days(count: int, seed: int) -> list[int]:
    """For each lead how many days ago it did something for the last time: some today, most long ago."""
    dice = Random(seed)
    return [int(dice.random() ** 2 * (DAYS - 100)) for _ in range(count)]


def _leads(count: int, seed: int) -> Iterator[tuple[Any, ...]]:
    dice, known = Random(seed + 1), instant(NOW - timedelta(days=DAYS))
    for number in range(count):
        name = name_of(number)
        attributes = json.dumps(attributes_of(dice, number), ensure_ascii=False, separators=(",", ":"))
        yield (
            name, f"{name}@example.com", f"見本 {number}", "ja", attributes, known, 1, 0, False, False, False, 0, 0,
            "{}", "idle",
        )  # fmt: skip


def attributes_of(dice: Random, number: int) -> dict[str, Any]:
    """What a lead is, some of it unknown."""
    found: dict[str, Any] = {
        "company": f"例示株式会社{number % 50_000}",
        "employees": int(10 ** (1 + 3 * dice.random())),
        "title": dice.choice(TITLES),
        "industry": dice.choice(INDUSTRIES),
        "region": dice.choice(REGIONS),
        "values": dice.sample(VALUES, 2),
        "uses_competitor": dice.random() < 0.3,
        "relation": dice.choice(RELATIONS),
    }
    if dice.random() < 0.2:
        del found[dice.choice(list(found))]
    return found


def _events(quiet: Sequence[int], each: int, seed: int) -> Iterator[tuple[Any, ...]]:
    """The first events of all leads, then the second, and so on: neighbours in the table are of different leads."""
    dice, start = Random(seed + 2), NOW - timedelta(days=DAYS)
    slots = [instant(start + timedelta(hours=hour)) for hour in range(24 * DAYS)]
    kinds, most, roll, none = len(DID), 24 * DAYS - 1, dice.random, None
    for turn in range(each):
        for number, days in enumerate(quiet):
            lead = name_of(number)
            type, subject = DID[int(roll() * kinds)]  # noqa: A001 - the column's word
            at = slots[min(most, int((turn + roll()) / each * 24 * (DAYS - days)))]
            send = f"{lead}/nurture/1/{subject}/{turn // 3 + 1}" if type in _MAIL else none
            luck = roll()
            yield (
                f"{turn:03}/{number:07}", lead, type, subject, at, at, send, luck < 0.04, "{}",
                at if luck > 0.99 else none, True,
            )  # fmt: skip


def instant(at: datetime) -> str:
    """As both databases read it; UTC, as `adapters.database.schema.Instant` keeps it."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}"


def write_rows(engine: Engine, table: Table, columns: Sequence[str], rows: Iterator[tuple[Any, ...]]) -> None:
    """As fast as each kind takes them, with a commit now and then."""
    while some := list(islice(rows, _ROWS_OF_A_TRANSACTION)):
        with writing(engine) as conn:
            if conn.dialect.name == "postgresql":
                _copy(conn, table, columns, some)
            else:
                values = ", ".join("?" * len(columns))
                statement = f"INSERT INTO {table.name} ({_named(columns)}) VALUES ({values})"  # noqa: S608 - ours
                for start in range(0, len(some), AT_ONCE):
                    conn.exec_driver_sql(statement, some[start : start + AT_ONCE])


def _copy(conn: Connection, table: Table, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    cursor: Any = conn.connection.cursor()
    conn.exec_driver_sql("SET LOCAL TIME ZONE 'UTC'")
    with cursor.copy(f"COPY {table.name} ({_named(columns)}) FROM STDIN") as copy:
        copy.write("".join("\t".join(map(_copied, row)) + "\n" for row in rows))


def _named(columns: Sequence[str]) -> str:
    return ", ".join(f'"{each}"' for each in columns)  # `to` is a word of SQL


def _copied(value: Any) -> str:
    """A value in the text that COPY reads; nothing here holds a tab, a line break or a backslash."""
    return "\\N" if value is None else str(value)
