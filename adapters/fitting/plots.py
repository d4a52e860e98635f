"""Draws the few plots of a report as inline SVG: lines, points with intervals, bars; knows nothing of scores."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 460, 320
LEFT, RIGHT, TOP, BOTTOM = 48, 12, 12, 44
_ROW = 26

Points = Sequence[tuple[float, float]]


@dataclass
class Plot:
    """A plot with both axes from 0, up to these ends. What is drawn later lies above what was drawn before."""

    title: str
    across: str
    up: str
    right: float = 1.0
    top: float = 1.0
    per_cent: bool = True
    left: float = 0.0
    _parts: list[str] = field(default_factory=list)
    _keys: list[tuple[str, str]] = field(default_factory=list)

    def x(self, value: float) -> float:
        """Where a value lies, in units of the picture."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (value - self.left) / ((self.right - self.left) or 1)

    def y(self, value: float) -> float:
        """The same, upwards."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / (self.top or 1)

    def line(self, points: Points, style: str, key: str | None = None) -> None:
        """A line; `style` is a class of the page."""
        path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
        self._parts.append(f'<polyline class="line {style}" points="{path}"/>')
        if key is not None:
            self._keys.append((style, key))

    def point(self, x: float, y: float, low: float, high: float, said: str) -> None:
        """A point with its interval, and what is said of it when it is pointed at."""
        self._parts.append(
            f'<g><title>{escape(said)}</title><line class="bar s0" x1="{self.x(x):.1f}" x2="{self.x(x):.1f}" '
            f'y1="{self.y(min(low, self.top)):.1f}" y2="{self.y(min(high, self.top)):.1f}"/>'
            f'<circle class="dot s0" cx="{self.x(x):.1f}" cy="{self.y(min(y, self.top)):.1f}" r="4"/></g>'
        )

    def bars(self, bars: Sequence[tuple[float, float, float]], style: str, key: str) -> None:
        """Bars as (from, to, height)."""
        for start, end, height in bars:
            width = max(self.x(end) - self.x(start), 0.5)
            self._parts.append(
                f'<rect class="{style}" x="{self.x(start):.1f}" y="{self.y(height):.1f}" width="{width:.1f}" '
                f'height="{self.y(0) - self.y(height):.1f}"/>'
            )
        self._keys.append((style, key))

    def upright(self, value: float, said: str) -> None:
        """A line from bottom to top, with a word beside it."""
        at = self.x(value)
        self._parts.append(
            f'<line class="mark" x1="{at:.1f}" x2="{at:.1f}" y1="{self.y(0):.1f}" y2="{TOP}"/>'
            f'<text class="small" x="{at + 4:.1f}" y="{TOP + 10}">{escape(said)}</text>'
        )

    def svg(self) -> str:
        """The picture."""
        ticks = []
        for number in range(6):
            up = self.top * number / 5
            across = self.left + (self.right - self.left) * number / 5
            ticks.append(
                f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{self.y(up):.1f}" y2="{self.y(up):.1f}"/>'
                f'<text class="small" text-anchor="end" x="{LEFT - 5}" y="{self.y(up) + 4:.1f}">{_percent(up)}</text>'
                f'<text class="small" text-anchor="middle" x="{self.x(across):.1f}" y="{HEIGHT - BOTTOM + 16}">'
                f"{_percent(across) if self.per_cent else f'{across:g}'}</text>"
            )
        names = (
            f'<text text-anchor="middle" x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 8}">{escape(self.across)}</text>'
            f'<text text-anchor="middle" transform="translate(12 {(HEIGHT - BOTTOM + TOP) / 2}) rotate(-90)">'
            f"{escape(self.up)}</text>"
        )
        keys = "".join(f'<span class="key {style}">{escape(key)}</span>' for style, key in self._keys)
        return (
            f'<figure><figcaption>{escape(self.title)}</figcaption><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            f'aria-label="{escape(self.title)}">{"".join(ticks)}{names}{"".join(self._parts)}</svg>'
            f'<div class="keys">{keys}</div></figure>'
        )


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a plot of intervals."""

    name: str
    value: float
    low: float
    high: float
    said: str


def intervals(title: str, rows: Sequence[Row], mean: float, mean_said: str) -> str:
    """Shares with their intervals below each other, and the mean of all as a line."""
    width, names = 720, 300
    top = max([each.high for each in rows] + [mean], default=1.0) * 1.05 or 1.0
    height = _ROW * len(rows) + 40

    def x(value: float) -> float:
        return names + (width - names - 70) * value / top

    parts = [
        f'<line class="mark" x1="{x(mean):.1f}" x2="{x(mean):.1f}" y1="4" y2="{height - 30}"/>',
        f'<text class="small" text-anchor="middle" x="{x(mean):.1f}" y="{height - 12}">{escape(mean_said)}</text>',
    ]
    for index, each in enumerate(rows):
        at = _ROW * index + 18
        name = each.name if len(each.name) <= 40 else f"{each.name[:39]}…"
        parts.append(
            f"<g><title>{escape(each.said)}</title>"
            f'<text text-anchor="end" x="{names - 8}" y="{at + 4}">{escape(name)}</text>'
            f'<line class="bar s0" x1="{x(each.low):.1f}" x2="{x(each.high):.1f}" y1="{at}" y2="{at}"/>'
            f'<circle class="dot s0" cx="{x(each.value):.1f}" cy="{at}" r="4"/>'
            f'<text class="small" x="{x(each.high) + 8:.1f}" y="{at + 4}">{each.value:.1%}</text></g>'
        )
    return (
        f'<figure class="wide"><figcaption>{escape(title)}</figcaption><svg viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg></figure>'
    )


def _percent(value: float) -> str:
    return f"{100 * value:.0f}%" if value >= 0.1 or not value else f"{100 * value:.1f}%"
