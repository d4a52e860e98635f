"""Makes the sample of past deals, `scenarios/history/deals.csv`: `python -m tests.samples.past_deals` writes it anew.

Two years of an invented company. What is true in it, so that reports have something to find: infrastructure companies
of 50 to 100 people and managers are won more often, and so is who looked at the prices; hardly anybody asks for a
consultation, though the journey map expects it; most who were won had read a customer's story, of which the map knows
nothing. Nobody in it exists.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date, timedelta
from math import exp
from pathlib import Path
from random import Random

FILE = Path(__file__).parents[2] / "scenarios" / "history" / "deals.csv"
LEADS = 620
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=730)
HEADER = (
    "lead", "created_on", "company", "employees", "title", "industry", "region", "values", "uses_competitor",
    "relation", "newsletter_opened_on", "guide_downloaded_on", "cases_visited_on", "pricing_visited_on",
    "seminar_signed_up_on", "seminar_attended_on", "demo_requested_on", "consultation_requested_on", "outcome",
    "closed_on",
)  # fmt: skip
_FIRST_WORDS = ("架空", "想定", "サンプル", "雛形", "例示", "仮名", "見本", "試作")
_PLACES = ("海浜", "川辺", "湖畔", "山手", "平野", "港町", "高原", "丘陵")
_TRADES = {
    "telecom": ("通信", "ネットワーク"),
    "broadcasting": ("放送", "ケーブルテレビ"),
    "utilities": ("水道サービス", "電力", "ガス"),
    "other": ("食品", "商事", "製作所", "物流"),
}
_REGIONS = ("北海道", "東北", "関東", "中部", "近畿", "中国", "四国", "九州")
_VALUES = ("機能", "価格", "サポート", "実績", "運用負荷", "セキュリティ", "導入の早さ")


def text() -> str:
    """The whole table, always the same."""
    written = io.StringIO()
    table = csv.DictWriter(written, HEADER, lineterminator="\n")
    table.writeheader()
    table.writerows(_rows(Random(20261101)))
    return written.getvalue()


def _rows(chance: Random) -> Iterator[dict[str, str]]:
    days = sorted(chance.randrange((LAST - FIRST).days) for _ in range(LEADS))
    for number, day in enumerate(days, 1):
        yield {"lead": f"deal_{number:03}", **_lead(chance, FIRST + timedelta(days=day))}


def _lead(chance: Random, created: date) -> dict[str, str]:
    industry = chance.choices(tuple(_TRADES), (30, 14, 20, 36))[0]
    employees = round(min(2000.0, max(4.0, chance.lognormvariate(4.4, 0.8))))
    title = chance.choices(("department_head", "section_head", "chief", "staff"), (14, 30, 28, 28))[0]
    manager, midsize = title in ("department_head", "section_head"), 50 <= employees <= 100
    infrastructure = industry != "other"
    fit = -0.5 + 0.55 * manager + 0.5 * infrastructure + 0.55 * (midsize and infrastructure) - 0.3 * (employees < 30)
    at = _course(chance, created, fit)
    liking = (
        fit + 1.0 * ("pricing" in at) + 0.6 * ("cases" in at) + 0.5 * ("attended" in at) + 1.3 * ("demo" in at) - 2.5
    )
    row = {
        "created_on": f"{created}",
        "company": f"株式会社{chance.choice(_FIRST_WORDS)}{chance.choice(_PLACES)}{chance.choice(_TRADES[industry])}",
        "employees": _known(chance, str(employees), 0.93),
        "title": _known(chance, title, 0.88),
        "industry": _known(chance, industry, 0.96),
        "region": _known(chance, chance.choice(_REGIONS), 0.66),
        "values": _known(chance, ";".join(chance.sample(_VALUES, chance.choice((1, 1, 2, 3)))), 0.45),
        "uses_competitor": _known(chance, "true" if chance.random() < 0.4 else "false", 0.6),
        "relation": "competitor" if chance.random() < 0.015 else "prospect",
    }
    won = chance.random() < 1 / (1 + exp(-liking))
    last = max(at.values(), default=created)
    closed = last + timedelta(days=round(chance.triangular(14, 120, 40) if won else chance.triangular(21, 200, 80)))
    decided = closed <= LAST and (won or "demo" in at or "consultation" in at or chance.random() < 0.8)
    shown = {name: day for name, day in at.items() if day <= LAST and (not decided or day <= closed)}
    columns = dict(zip(_COURSE, HEADER[10:18], strict=True))
    return {
        **row,
        **{columns[name]: f"{day}" for name, day in shown.items()},
        "outcome": ("won" if won else "lost") if decided else "",
        "closed_on": f"{closed}" if decided else "",
    }


_COURSE = ("opened", "guide", "cases", "pricing", "signed_up", "attended", "demo", "consultation")
_STEPS = (
    # what is done, how readily, after which of the earlier, how readily without them, days from the last thing done
    ("opened", 1.4, (), 1.4, (1, 20)),
    ("guide", 0.2, ("opened",), -1.2, (0, 25)),
    ("cases", 0.5, ("guide",), -0.9, (2, 40)),
    ("signed_up", 0.1, ("opened",), -1.6, (5, 45)),
    ("attended", 1.2, ("signed_up",), -9.0, (3, 21)),
    ("pricing", -0.1, ("cases", "attended"), -1.8, (1, 30)),
    ("demo", 0.3, ("pricing",), -2.2, (1, 20)),
    ("consultation", -3.6, (), -3.6, (1, 20)),
)


def _course(chance: Random, created: date, fit: float) -> dict[str, date]:
    """What the lead did when, one thing leading to another; whoever fits does more."""
    at: dict[str, date] = {}
    for what, ready, after, else_ready, (least, most) in _STEPS:
        rate = ready if not after or set(after) & set(at) else else_ready
        if chance.random() < 1 / (1 + exp(-(rate + 0.9 * fit))):
            at[what] = max(at.values(), default=created) + timedelta(days=chance.randint(least, most))
    return at


def _known(chance: Random, value: str, share: float) -> str:
    """The value, or nothing where nobody asked."""
    return value if chance.random() < share else ""


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
