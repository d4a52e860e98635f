"""What an alert's expression says of scraped samples: the part of PromQL that our alerts are written in.

A range is what lies between two scrapes, so `increase` is their difference; how long something holds is not looked at.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

Labels = frozenset[tuple[str, str]]
Vector = dict[Labels, float]
Scrape = Mapping[str, Vector]
"""Samples by the name of their metric."""

_COMPARES: dict[str, Callable[[float, float], bool]] = {">": operator.gt, "<": operator.lt, "==": operator.eq}
_COMPUTES: dict[str, Callable[[float, float], float]] = {"+": operator.add, "*": operator.mul}
_AGGREGATES: dict[str, Callable[[Iterable[float]], float]] = {"sum": sum, "max": max, "min": min}


def selectors(expression: Any) -> Iterator[promql.VectorSelector]:
    """Every metric that an expression asks for, with its matchers."""
    match expression:
        case promql.VectorSelector():
            yield expression
        case promql.MatrixSelector():
            yield from selectors(expression.vector_selector)
        case promql.BinaryExpr():
            yield from selectors(expression.lhs)
            yield from selectors(expression.rhs)
        case promql.AggregateExpr() | promql.ParenExpr():
            yield from selectors(expression.expr)
        case promql.Call():
            for each in expression.args:
                yield from selectors(each)
        case promql.NumberLiteral() | promql.StringLiteral():
            return
        case _:
            raise NotImplementedError(type(expression))


def fits(matcher: promql.Matcher, labels: Labels) -> bool:
    """Whether a sample has what one matcher asks for."""
    value = dict(labels).get(matcher.name, "")
    match str(matcher.op):
        case "MatchOp.Equal":
            return value == matcher.value
        case "MatchOp.NotEqual":
            return value != matcher.value
        case "MatchOp.Re":
            return re.fullmatch(matcher.value, value) is not None
        case other:
            raise NotImplementedError(other)


@dataclass(frozen=True)
class Between:
    """Two scrapes, the later of which is now."""

    before: Scrape
    now: Scrape

    def holds(self, expression: str) -> bool:
        """Whether an alert with this expression would be pending or firing."""
        found = self._value(promql.parse(expression))
        assert isinstance(found, dict), "an alert's expression gives a vector"
        return bool(found)

    def _value(self, expression: Any) -> Vector | float:
        match expression:
            case promql.NumberLiteral():
                return float(expression.val)
            case promql.ParenExpr():
                return self._value(expression.expr)
            case promql.VectorSelector():
                return _picked(self.now, expression)
            case promql.AggregateExpr():
                return self._aggregate(expression)
            case promql.Call():
                return self._over_time(expression)
            case promql.BinaryExpr():
                return _both(str(expression.op), self._value(expression.lhs), self._value(expression.rhs))
            case _:
                raise NotImplementedError(type(expression))

    def _aggregate(self, expression: promql.AggregateExpr) -> Vector:
        values = self._value(expression.expr)
        assert isinstance(values, dict)
        kept = set(expression.modifier.labels) if expression.modifier is not None else set()
        groups: dict[Labels, list[float]] = {}
        for labels, value in values.items():
            groups.setdefault(frozenset(pair for pair in labels if pair[0] in kept), []).append(value)
        together = _AGGREGATES[str(expression.op)]
        return {labels: together(group) for labels, group in groups.items()}

    def _over_time(self, call: promql.Call) -> Vector:
        (span,) = call.args
        now, before = (_picked(scrape, span.vector_selector) for scrape in (self.now, self.before))
        if call.func.name == "max_over_time":
            return {labels: max(value, before.get(labels, value)) for labels, value in now.items()}
        assert call.func.name in ("increase", "rate"), call.func.name
        return {labels: value - before[labels] for labels, value in now.items() if labels in before}


def _picked(scrape: Scrape, selector: promql.VectorSelector) -> Vector:
    wanted = selector.matchers.matchers
    found = scrape.get(selector.name or "", {})
    return {labels: value for labels, value in found.items() if all(fits(each, labels) for each in wanted)}


def _both(op: str, left: Vector | float, right: Vector | float) -> Vector | float:
    if op == "and":
        assert isinstance(left, dict)
        assert isinstance(right, dict)
        return {labels: value for labels, value in left.items() if labels in right}
    if isinstance(left, dict):
        others = right if isinstance(right, dict) else dict.fromkeys(left, right)
        pairs = [(labels, value, others[labels]) for labels, value in left.items() if labels in others]
        if op in _COMPARES:
            return {labels: value for labels, value, other in pairs if _COMPARES[op](value, other)}
        return {labels: _COMPUTES[op](value, other) for labels, value, other in pairs}
    assert isinstance(right, dict), "a number is no alert"
    return {labels: _COMPUTES[op](left, value) for labels, value in right.items()}
