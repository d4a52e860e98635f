"""Makes conditions and leads of every kind, well-typed and not, for asking whether SQL and the core judge alike."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from nurture.conditions import AnyCondition, Condition
from nurture.definitions import Definitions, JourneyMap, Score, Segment
from tests.database.conftest import NOW

CONDITION: TypeAdapter[AnyCondition] = TypeAdapter(Condition)
NAMES = ("employees", "価格", "x.y", "it's", 'q"q', "[0]", "$")
SPANS = ("1h", "1d", "7d")
EDGES = (timedelta(0), timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=3), timedelta(days=60))
KNOWN = NOW - timedelta(days=2)
MAILS = {
    "lead/s/1/a/1": "mail", "lead/s/1/a/2": "mail", "lead/s/1/b/1": "mail/2", "lead/s/2/a/1": "Mail",
    "lead/s/2/c/1": "mai_",
}  # fmt: skip
"""Send keys with the subject of every event of that mail."""
SUBJECTS = (
    "", "/", "/pricing", "/pricing/", "/pricing/jp", "/Pricing/jp", "/pricing-old", "mail", "mail/2", "料金", "料金/年払い",
    "%", "a_c", "abc",
)  # fmt: skip

texts = st.sampled_from([
    "", " ", "a", "A", "abc", "ABC", "telecom", "東京都", "東京", "が", "か\u3099", "ｶﾞ", "７", "7", "7.0", "1", "0",
    "true", "false", "null", "[]", "{}", '["a"]', '"', "'", "\\", "%", "a%c", "_", "a_c", "a\nb", "🙂", "ı",
    "İ", "ß", "ss",
    "2026-11-01", "2026-11-02", "2026-11-02T09:00:00+09:00", "2026-11-02 x", "2026-11-2", "20261102", "2026-W45-1",
    "2026W451", "2026-W45", "2024-02-29", "2026-02-29", "2026-02-30", "2026-04-31", "2026-12-31",
    "2026-13-01", "2026-00-10", "2026-01-00", "0000-01-01", "0001-01-01", "9999-12-31", "２０２６-11-02", " 2026-11-02",
    "2026-1\u0661-02", "2026-11-02\u0660",
])  # fmt: skip
numbers = st.one_of(
    st.sampled_from([0, 1, -1, 2, 7, 49, 50, 51, 100, 0.0, -0.0, 0.1, 0.5, 1.0, 49.9, 50.0, 50.1, 1e16, 1e22, 1e300,
                     -1e300, 5e-324, 2**53, 2**62, 20261102, 20240229, 2026]),
    st.integers(-(2**53), 2**53), st.floats(allow_nan=False, allow_infinity=False, width=32),
)  # fmt: skip
scalars = st.one_of(texts, numbers, st.booleans())
values = st.one_of(
    scalars, st.none(), st.lists(st.one_of(scalars, st.none()), max_size=3),
    st.sampled_from([[], [[]], [["a"]], {}, {"a": 1}, [True], [1], ["1"], [None]]),
)  # fmt: skip


@st.composite
def attribute_tests(draw: st.DrawFn) -> dict[str, Any]:
    """An attribute against one test, sometimes two."""
    found: dict[str, Any] = {"attribute": draw(st.sampled_from(NAMES))}
    for name in draw(st.lists(st.sampled_from(
        ["at_least", "at_most", "is", "in", "contains", "known", "before", "after"]
    ), min_size=1, max_size=2, unique=True)):  # fmt: skip
        match name:
            case "at_least" | "at_most":
                found[name] = draw(numbers)
            case "is" | "contains":
                found[name] = draw(scalars)
            case "in":
                found[name] = draw(st.lists(scalars, min_size=1, max_size=3))
            case "known":
                found[name] = draw(st.booleans())
            case _:
                found[name] = draw(texts)
    return found


patterns = st.sampled_from([
    "opened", "clicked", "replied", "visited", "delivered", "any", {"opened": "any"}, {"opened": "mail"},
    {"opened": "mail/2"}, {"opened": "Mail"}, {"opened": "mai_"}, {"clicked": "mail"}, {"replied": "any"},
    {"visited": "/pricing"}, {"visited": "any"}, {"visited": "料金"}, {"visited": "%"}, {"visited": "a_c"},
    {"visited": "/"}, {"any": "mail"},
])  # fmt: skip
dids = st.builds(
    lambda what, within, least: {"did": what, **({"within": within} if within else {}), "at_least": least},
    patterns, st.sampled_from([None, *SPANS]), st.sampled_from([1, 1, 1, 2, 3]),
)  # fmt: skip
others = st.sampled_from([
    {"hot": True}, {"hot": False}, {"score": "total", "at_least": 10}, {"score": "behaviours", "at_most": 5},
    {"segment": "people"}, {"segment": "keen"}, {"segment": "nobody"}, {"phase": "first"}, {"phase": "second"},
    {"phase": "third"}, {"phase": {"at_least": "first"}}, {"phase": {"at_least": "second"}}, {"phase": "nowhere"},
])  # fmt: skip
leaves = st.one_of(attribute_tests(), attribute_tests(), dids, dids, others)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda several: {"all": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda several: {"any": several}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda several: {"not": several}, st.lists(inner, min_size=1, max_size=2)),
    ),
    max_leaves=6,
)


@dataclass(frozen=True)
class Told:
    """One event, as it stands in the table."""

    type: str
    subject: str
    send: str | None
    at: datetime
    received_at: datetime
    automatic: bool
    reversed_at: datetime | None

    def counts(self, known: datetime | None) -> bool:
        """True unless it was a machine's or taken back, as far as that was known."""
        stands = not self.automatic and self.reversed_at is None
        if known is None:
            return stands
        late = self.reversed_at is not None and self.reversed_at > known
        return (stands or late) and self.received_at <= known


@dataclass(frozen=True)
class SomeLead:
    """A lead with all its events, in the order in which they were told."""

    attributes: dict[str, Any] = field(default_factory=dict)
    hot: bool | None = None
    events: tuple[Told, ...] = ()


@st.composite
def told(draw: st.DrawFn) -> Told:
    """An event; around the edges of windows, of the same few mails, sometimes a machine's or taken back."""
    send = draw(st.sampled_from([None, *MAILS]))
    if send is not None:
        kind, subject = draw(st.sampled_from(["opened", "clicked", "replied", "delivered", "bounced"])), MAILS[send]
    else:
        kinds = ["visited", "visited", "opened", "clicked", "attended", "any", "delivered", "Visited"]
        kind, subject = draw(st.sampled_from(kinds)), draw(st.sampled_from(SUBJECTS))
    off = draw(st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(microseconds=-1)]))
    at = NOW - draw(st.sampled_from(EDGES)) + off
    received = max(at, draw(st.sampled_from([at, KNOWN, KNOWN + timedelta(microseconds=1), NOW])))
    machine = draw(st.sampled_from([False] * 5 + [True]))
    back = draw(st.sampled_from([None] * 5 + [KNOWN, KNOWN + timedelta(microseconds=1), NOW]))
    return Told(kind, subject, send, at, received, machine, back)


some_leads = st.builds(
    SomeLead,
    attributes=st.dictionaries(st.sampled_from(NAMES), values, max_size=4),
    hot=st.sampled_from([None, True, False]),
    events=st.lists(told(), max_size=7).map(tuple),
)


def definitions(second: Any, third: Any) -> Definitions:
    """Segments, phases and a score; what shows that the later phases are reached is given."""
    people = {"any": [{"attribute": "employees", "at_least": 50}, {"not": {"attribute": "価格", "known": True}}]}
    score = {
        "attributes": [{"item": "big", "when": {"attribute": "employees", "at_least": 50}, "points": 8}],
        "behaviours": [
            {"item": "visit", "when": {"visited": "any"}, "points": 4, "repeat": "each", "cap": 12,
             "fades": {"half_life": "3d"}},
            {"item": "open", "when": {"opened": "any"}, "points": 3, "repeat": "each_subject", "cap": 9},
        ],
    }  # fmt: skip
    phases = [
        {"phase": "first"},
        {"phase": "second", "reached_when": second},
        {"phase": "third", "reached_when": third},
    ]
    return Definitions(
        segments={
            "people": Segment.model_validate({"when": people}),
            "keen": Segment.model_validate({"when": {"all": [{"segment": "people"}, {"did": "any", "within": "7d"}]}}),
        },
        journey_map=JourneyMap.model_validate({"phases": phases}),
        score=Score.model_validate(score),
    )
