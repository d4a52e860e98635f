"""Makes the sample of past deals, `scenarios/history/deals.csv`: `python -m tests.samples.past_deals` writes it anew.

Two years of an invented company. What is true in it, so that reports have something to find:

- Infrastructure companies of 50 to 100 people and managers are won more often; so is who cares for the load on
  operations, less so who cares for the price; many small signs together tell more than any alone.
- What leads do on their way (papers, customers' stories, a seminar, the prices, a consultation, a demo) speaks for a
  deal, the later the more. Newsletters are opened all the time, by whoever buys in the end and by whoever does not.
- The journey map expects people to ask for a consultation, and hardly anybody does: they come when they are invited.
  Of that, and of the customers' stories that most read who are won, the map knows nothing.
- Sales took a lead up late: when it asked for a demo, or weeks after it had done much else.

Nobody in it exists.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from math import exp
from pathlib import Path
from random import Random

FILE = Path(__file__).parents[2] / "scenarios" / "history" / "deals.csv"
LEADS = 1_400
LAST = date(2026, 10, 31)
FIRST = LAST - timedelta(days=730)
_FIRST_WORDS = ("架空", "想定", "サンプル", "雛形", "例示", "仮名", "見本", "試作")
_PLACES = ("海浜", "川辺", "湖畔", "山手", "平野", "港町", "高原", "丘陵")
_TRADES = {
    "telecom": ("通信", "ネットワーク"),
    "broadcasting": ("放送", "ケーブルテレビ"),
    "utilities": ("水道サービス", "電力", "ガス"),
    "other": ("食品", "商事", "製作所", "物流"),
}
_REGIONS = ("北海道", "東北", "関東", "中部", "近畿", "中国", "四国", "九州")
_VALUES = {
    "機能": 0.0, "価格": -0.9, "サポート": 0.2, "実績": 0.0, "運用負荷": 0.9, "セキュリティ": 0.0, "導入の早さ": 0.1,
}  # fmt: skip
"""What matters to people, and what it says of the chance of a deal."""


@dataclass(frozen=True, slots=True)
class _Step:
    """Something leads do: how readily (log odds) after one of `after`, how readily without, days from the last of it.

    `tells`: what it says of the chance of a deal.
    """

    name: str
    ready: float
    days: tuple[int, int]
    tells: float = 0.0
    after: tuple[str, ...] = ()
    otherwise: float = -9.0


_COURSE = (
    _Step("guide_downloaded", 0.1, (0, 25), 0.3),
    _Step("checklist_downloaded", -0.1, (4, 40), 0.35, ("guide_downloaded",), -2.2),
    _Step("cases_visited", 0.6, (2, 30), 0.7, ("guide_downloaded", "checklist_downloaded"), -1.0),
    _Step("seminar_signed_up", 0.1, (3, 30), 0.0, ("guide_downloaded", "cases_visited"), -1.3),
    _Step("seminar_attended", 1.3, (3, 18), 0.6, ("seminar_signed_up",)),
    _Step("pricing_visited", 0.2, (1, 21), 0.6, ("cases_visited", "seminar_attended"), -1.8),
    _Step("consultation_attended", -0.3, (4, 20), 0.9, ("seminar_attended",), -3.0),
    _Step("pricing_visited_again", 0.7, (1, 14), 0.8, ("pricing_visited",)),
    _Step("demo_requested", 0.2, (1, 14), 1.4, ("pricing_visited", "consultation_attended"), -3.0),
    _Step("consultation_requested", -4.2, (1, 14), 0.0, ("demo_requested",), -4.6),
)
_OPENED = tuple(f"newsletter_{number}_opened" for number in (1, 2, 3))
HEADER = (
    "lead", "created_on", "company", "employees", "title", "industry", "region", "values", "uses_competitor",
    "relation", *(f"{name}_on" for name in _OPENED), *(f"{step.name}_on" for step in _COURSE), "taken_up_on",
    "outcome", "closed_on",
)  # fmt: skip


def text() -> str:
    """The whole table, always the same."""
    written = io.StringIO()
    table = csv.DictWriter(written, HEADER, lineterminator="\n")
    table.writeheader()
    table.writerows(_rows(Random(5)))
    return written.getvalue()


def _rows(chance: Random) -> Iterator[dict[str, str]]:
    days = sorted(chance.randrange((LAST - FIRST).days) for _ in range(LEADS))
    for number, day in enumerate(days, 1):
        yield {"lead": f"deal_{number:04}", **_lead(chance, FIRST + timedelta(days=day))}


def _lead(chance: Random, created: date) -> dict[str, str]:
    industry = chance.choices(tuple(_TRADES), (30, 14, 20, 36))[0]
    employees = round(min(2000.0, max(4.0, chance.lognormvariate(4.4, 0.8))))
    title = chance.choices(("department_head", "section_head", "chief", "staff"), (14, 30, 28, 28))[0]
    manager, midsize = title in ("department_head", "section_head"), 50 <= employees <= 100
    infrastructure, competing = industry != "other", chance.random() < 0.4
    values = chance.sample(tuple(_VALUES), chance.choice((1, 1, 2, 3)))
    fit = -0.6 + 0.6 * manager + 0.5 * infrastructure + 0.6 * (midsize and infrastructure) - 0.4 * (employees < 30)
    at = _course(chance, created, fit)
    liking = 1.2 * fit + 0.5 * competing + sum(_VALUES[each] for each in values)
    liking += sum(step.tells for step in _COURSE if step.name in at)
    won = chance.random() < 1 / (1 + exp(2.95 - 0.8 * liking))
    taken_up = _taken_up(chance, at)
    last = max([*at.values(), *taken_up], default=created)
    interested = last + timedelta(days=round(chance.triangular(14, 110, 35) if won else chance.triangular(14, 150, 50)))
    closed = interested + timedelta(days=_forgotten(chance, won=won, taken_up=bool(taken_up)))
    decided = closed <= LAST and (won or bool(taken_up) or chance.random() < 0.85)
    at |= _opened(chance, created, min(interested, LAST))
    end = closed if decided else LAST
    return {
        "created_on": f"{created}",
        "company": f"株式会社{chance.choice(_FIRST_WORDS)}{chance.choice(_PLACES)}{chance.choice(_TRADES[industry])}",
        "employees": _known(chance, str(employees), 0.93),
        "title": _known(chance, title, 0.88),
        "industry": _known(chance, industry, 0.96),
        "region": _known(chance, chance.choice(_REGIONS), 0.66),
        "values": _known(chance, ";".join(values), 0.55),
        "uses_competitor": _known(chance, "true" if competing else "false", 0.6),
        "relation": "competitor" if chance.random() < 0.015 else "prospect",
        **{f"{name}_on": f"{day}" for name, day in at.items() if day <= end},
        "taken_up_on": next((f"{day}" for day in taken_up if day <= end), ""),
        "outcome": ("won" if won else "lost") if decided else "",
        "closed_on": f"{closed}" if decided else "",
    }


def _course(chance: Random, created: date, fit: float) -> dict[str, date]:
    """What the lead did when, one thing leading to another; whoever fits does more."""
    at: dict[str, date] = {}
    for step in _COURSE:
        ready = step.ready if not step.after or set(step.after) & set(at) else step.otherwise
        if chance.random() < 1 / (1 + exp(-(ready + 0.8 * fit))):
            at[step.name] = max(at.values(), default=created) + timedelta(days=chance.randint(*step.days))
    return at


def _opened(chance: Random, created: date, end: date) -> dict[str, date]:
    """On which days it opened newsletters, all the time until the end."""
    found = (created + timedelta(days=chance.randint(1, max(1, (end - created).days))) for _ in _OPENED)
    return {name: day for name, day in zip(_OPENED, sorted(found), strict=True) if chance.random() < 0.5}


def _taken_up(chance: Random, at: Mapping[str, date]) -> tuple[date, ...]:
    """The day on which somebody in sales took the lead up, if anybody did: late."""
    if "demo_requested" in at:
        return (at["demo_requested"] + timedelta(days=chance.randint(3, 21)),)
    if len(at) > 3 and chance.random() < 0.6:
        return (max(at.values()) + timedelta(days=chance.randint(10, 45)),)
    return ()


def _forgotten(chance: Random, *, won: bool, taken_up: bool) -> int:
    """For how many days more nobody thought of the lead, until it was called after all, or written off."""
    return chance.randint(190, 280) if chance.random() < (0.02 if won else 0.05 if taken_up else 0.25) else 0


def _known(chance: Random, value: str, share: float) -> str:
    """The value, or nothing where nobody asked."""
    return value if chance.random() < share else ""


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text(), encoding="utf-8")
