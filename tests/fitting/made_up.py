"""Histories made up for tests: what decides is known, so that what a fit finds can be judged."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIRST = date(2024, 1, 1)
Rng = np.random.Generator
Column = NDArray[Any]


def save(path: Path, columns: Mapping[str, Any], delimiter: str = ",") -> Path:
    """The columns as a CSV file."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, delimiter=delimiter)
        table.writerow(columns)
        table.writerows(zip(*columns.values(), strict=True))
    return path


def drawn(rng: Rng, odds: Column, rate: float) -> Column:
    """Won or not by these log odds, moved so that about so many win."""
    low, high = -20.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + np.exp(-(odds + middle)))).mean() < rate else (low, middle)
    return rng.random(len(odds)) < 1 / (1 + np.exp(-(odds + low)))


def dates(size: int) -> list[str]:
    """One after the other over two years."""
    return [(FIRST + timedelta(days=730 * index // size)).isoformat() for index in range(size)]


def words(won: Column) -> list[str]:
    """The outcome as text."""
    return ["won" if each else "lost" for each in won]


def nonlinear(folder: Path, size: int = 3000, seed: int = 1) -> Path:
    """A size in the middle is best, one trade is good, one flag is bad; twelve columns are noise."""
    rng = np.random.default_rng(seed)
    employees = np.exp(rng.normal(4.5, 1.2, size)).astype(int) + 1
    trade = rng.choice(["telecom", "retail", "food", "steel"], size)
    free = rng.random(size) < 0.3
    odds = 1.8 * ((employees > 60) & (employees < 400)) + 1.0 * (trade == "telecom") - 0.9 * free
    noise = {f"noise_{n}": np.round(rng.normal(0, 1, size), 3) for n in range(12)}
    columns = {
        "created_on": dates(size),
        "employees": employees,
        "trade": trade,
        "free_mail": np.where(free, "yes", "no"),
    }
    return save(folder / "nonlinear.csv", {**columns, **noise, "status": words(drawn(rng, odds, 0.15))})


def many_words(folder: Path, size: int = 4000, seed: int = 2) -> Path:
    """Two columns with forty words each, whose effects are drawn by lot, and gaps in both; one number."""
    rng = np.random.default_rng(seed)
    names = [f"city_{n}" for n in range(40)], [f"source {n}" for n in range(40)]
    effects = rng.normal(0, 0.9, 40), rng.normal(0, 0.7, 40)
    weights = rng.dirichlet(np.ones(40) * 2)
    city, source = rng.choice(40, size, p=weights), rng.choice(40, size, p=weights)
    age = rng.normal(40, 10, size).round()
    odds = effects[0][city] + effects[1][source] + 0.03 * (age - 40)
    gaps = rng.random((2, size)) < 0.15
    columns = {
        "created_on": dates(size),
        "city": ["" if gap else names[0][each] for each, gap in zip(city, gaps[0], strict=True)],
        "source": ["" if gap else names[1][each] for each, gap in zip(source, gaps[1], strict=True)],
        "age": age,
        "status": words(drawn(rng, odds, 0.12)),
    }
    return save(folder / "many_words.csv", columns)


def drifting(folder: Path, size: int = 3000, seed: int = 3) -> Path:
    """The base rate triples, two numbers tell with gaps that tell too, and one column is the calendar."""
    rng = np.random.default_rng(seed)
    when = np.arange(size) / size
    budget = rng.gamma(2, 100, size).round()
    visits = rng.poisson(3, size)
    gap = rng.random(size) < 0.35
    odds = 0.006 * (budget - 200) * ~gap - 1.2 * gap + 0.25 * visits + 1.2 * when
    columns = {
        "created_on": dates(size),
        "budget": ["" if each else int(value) for value, each in zip(budget, gap, strict=True)],
        "visits": visits,
        "price_index": (100 + 30 * when).round(1),
        "region": rng.choice(["north", "south"], size),
        "status": words(drawn(rng, odds, 0.2)),
    }
    return save(folder / "drifting.csv", columns)


def japanese(folder: Path, size: int = 1400, seed: int = 1) -> Path:
    """Japanese columns and words, with days of seminars and requests, of which the late ones count most."""
    rng = np.random.default_rng(seed)
    employees = np.exp(rng.normal(4.5, 1, size)).astype(int) + 1
    title = rng.choice(["部長", "課長", "主任", "担当"], size, p=[0.15, 0.25, 0.25, 0.35])
    closing = rng.integers(40, 120, size)
    seminar, asked = rng.random(size) < 0.4, rng.random(size) < 0.25
    ago = rng.integers(1, 40, (2, size))
    odds = 0.9 * (employees >= 100) + 1.1 * np.isin(title, ["部長", "課長"])
    odds = odds + 1.6 * seminar * 0.5 ** (ago[0] / 14) + 1.3 * asked
    came = [FIRST + timedelta(days=600 * index // size) for index in range(size)]
    closed = [day + timedelta(days=int(span)) for day, span in zip(came, closing, strict=True)]

    def days(has: Column, before: Column) -> list[str]:
        several = zip(closed, has, before, strict=True)
        return [f"{day - timedelta(days=int(span)):%Y/%m/%d}" if yes else "" for day, yes, span in several]

    columns = {
        "案件番号": [f"A{n:05d}" for n in range(size)],
        "登録日": [f"{day:%Y年%m月%d日}" for day in came],
        "クローズ日": [f"{day:%Y/%m/%d}" for day in closed],
        "従業員数": [f"{each}人" for each in employees],
        "役職": title,
        "セミナー参加日": days(seminar, ago[0]),
        "資料請求日": days(asked, ago[1]),
        "商談結果": ["受注" if each else "失注" for each in drawn(rng, odds, 0.2)],
    }
    return save(folder / "japanese.csv", columns)


def linear(folder: Path, size: int = 1500, seed: int = 5) -> Path:
    """Twelve numbers of which each tells a little, about 150 wins: the hardest for a card of few items."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(0, 1, (12, size))
    odds = 0.35 * numbers.sum(axis=0)
    columns = {f"x{n}": np.round(each, 2) for n, each in enumerate(numbers)}
    return save(folder / "linear.csv", {"created_on": dates(size), **columns, "status": words(drawn(rng, odds, 0.1))})


def dominant(folder: Path, size: int = 900, seed: int = 1) -> Path:
    """One flag tells all there is, beside fifteen numbers of noise: an item more can only make it worse."""
    rng = np.random.default_rng(seed)
    key = rng.random(size) < 0.25
    noise = {f"noise_{n}": np.round(rng.normal(0, 1, size), 2) for n in range(15)}
    columns = {"created_on": dates(size), "key": np.where(key, "yes", "no"), **noise}
    return save(folder / f"dominant_{seed}.csv", {**columns, "status": words(drawn(rng, 2.2 * key, 0.2))})


ALL: tuple[Callable[[Path], Path], ...] = (nonlinear, many_words, drifting, japanese, linear)
