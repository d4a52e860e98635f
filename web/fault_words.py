"""Says in both languages how the sink has been told to misbehave; refuses to switch anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

_DOES: dict[str, tuple[str, str]] = {
    "rate_limit": ("mails are turned away as too many (429)", "メールを「送りすぎ」として断る(429)"),
    "failure": ("mails are answered with an error ({status})", "メールにエラーで答える({status})"),
    "stall": ("no answer for {seconds:g} s, then the connection is closed", "{seconds:g} 秒答えず、接続を切る"),
    "drop": ("the connection is closed in the place of an answer", "答えずに接続を切る"),
    "slow": ("the answer comes {seconds:g} s late", "答えが {seconds:g} 秒遅れる"),
    "no_lookup": ("never tells which mails it has", "どのメールを受け取ったか答えない"),
    "duplicate": ("every event is told {times} times", "どのイベントも {times} 回知らせる"),
    "shuffle": ("events are told in no order", "イベントの順番が入れ替わる"),
    "late": ("events are told {hours:g} hours late", "イベントを {hours:g} 時間遅れで知らせる"),
    "forge": ("forged spam reports come with the events", "偽の迷惑メール報告が混ざる"),
    "flood": (
        "{opens} more opens by machines for every event",
        "イベント 1 件ごとに、機械による開封が {opens} 件ずつ加わる",
    ),
}
"""What the sink does, in English and Japanese."""


@dataclass(frozen=True, slots=True)
class SaidFault:
    """One fault that is on: its name, what it does, and how often it struck."""

    name: str
    does: str
    struck: str


def faults_in_words(faults: Sequence[Mapping[str, Any]], language: str) -> list[SaidFault]:
    """Faults as `Faults.list` gives them, in a language."""
    ja = language == "ja"
    return [SaidFault(each["fault"], _DOES[each["fault"]][ja].format(**each), _struck(each, ja=ja)) for each in faults]


def _struck(fault: Mapping[str, Any], *, ja: bool) -> str:
    """How often it struck, of which share of requests, and how often it still may."""
    struck, left, rate = fault["struck"], fault["left"], fault["rate"]
    if ja:
        told = f"これまでに {struck} 回" + (f"、割合 {rate:.0%}" if rate < 1 else "")
        return told if left is None else f"{told}、" + (f"残り {left} 回" if left else "回数を使い切りました")
    told = f"struck {struck} time(s)" + (f", at a rate of {rate:.0%}" if rate < 1 else "")
    return told if left is None else f"{told}, " + (f"{left} left" if left else "none left")
