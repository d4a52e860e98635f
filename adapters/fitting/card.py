"""Fits a card of 5, 10 and 15 points to past deals, of the size that holds; refuses to judge the card."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.fitting.bins import Bins, Facet
from adapters.fitting.deeds import Deed, deeds_of
from adapters.fitting.draft import draft_of
from adapters.fitting.points import Part, give_points
from adapters.fitting.sample import Sample, Whole
from adapters.fitting.size import size_of
from nurture.definitions import AttributeItem, Definitions, Score

FEW_ITEMS, MANY_ITEMS, MOST_ITEMS = 6, 15, 20
"""The most items of a card with few wins, the usual most, and the most where fewer do not tell enough."""


@dataclass(frozen=True)
class Card:
    """A score model, and for each item the cases that have points by it."""

    score: Score
    definitions: Definitions

    @property
    def items(self) -> int:
        return len(self.score.attributes) + len(self.score.behaviours)


def fit_card(sample: Sample, facets: Sequence[Facet], part: Whole, *, most_items: int, fixed: bool = False) -> Card:
    """The card of the cases in `part`, with as many items as hold on cases left out, and at most so many.

    Beyond the usual number they have to be worth it, or `fixed`. Which columns may be used, the caller decides.
    """
    won, deeds = sample.won, deeds_of(sample, sample.won, part)
    draft = draft_of(facets, deeds, won, part, most_items)
    size = size_of(
        facets, deeds, won, part, draft.most, usual=most_items if fixed else MANY_ITEMS, ordered=sample.ordered
    )
    size = max(each for each in draft.cards if each <= size)
    give_points(draft.parts, draft.cards[size], most_items if fixed else max(size, min(most_items, MANY_ITEMS)))
    score = _model(list(zip(draft.sources, draft.parts, strict=True)))
    return Card(score, Definitions(score=score))


def _model(named: Sequence[tuple[Bins | Deed, Part]]) -> Score:
    attributes: list[AttributeItem] = []
    behaviours = []
    taken: set[str] = set()
    for source, part in named:
        if isinstance(source, Deed):
            if part.points[0]:
                behaviours.append(source.worth(_free(_deed_name(source), taken), part.points[0]))
            continue
        for run in part.runs():
            condition = source.condition(run)
            name = _free(_item_name(source.attribute, condition.model_dump(by_alias=True, exclude_none=True)), taken)
            attributes.append(AttributeItem(item=name, when=condition, points=part.points[run[0]]))
    return Score(attributes=tuple(attributes), behaviours=tuple(behaviours))


def _deed_name(deed: Deed) -> str:
    return str(deed.item.when).replace(": any", "").replace(": ", "_")


def _item_name(attribute: str, test: Mapping[str, object]) -> str:
    low, high = test.get("at_least"), test.get("at_most")
    if low is not None or high is not None:
        rest = f"{low}_up" if high is None else f"to_{high}" if low is None else f"{low}_{high}"
    elif test.get("known") is False:
        rest = "unknown"
    elif test.get("known"):
        rest = "known"
    elif isinstance(test.get("is"), bool):
        rest = "yes" if test["is"] else "no"
    else:
        several = test.get("in")
        rest = f"{several[0]}_…" if isinstance(several, list | tuple) else str(test.get("is") or test.get("contains"))
    return f"{attribute}_{rest}"


def _free(wanted: str, taken: set[str]) -> str:
    """A name nobody has yet, without blanks and slashes."""
    base = "".join("_" if sign in "/\\" or sign.isspace() else sign for sign in wanted).replace("__", "_")[:80]
    name, number = base, 1
    while name in taken or name in ("total", "attributes", "behaviours"):
        number += 1
        name = f"{base}_{number}"
    taken.add(name)
    return name
