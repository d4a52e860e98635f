"""The model of columns.yaml: what each column of a table of past deals means; refuses to read any cell."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from nurture.conditions import ANY, MAIL_EVENTS, EventPattern, Strict
from nurture.definitions import AttributeType, Name
from nurture.durations import Duration
from nurture.errors import NurtureError, near_names
from nurture.reading import mend
from nurture.yaml_text import read_yaml


class ColumnsRefused(NurtureError):
    """A mapping that cannot be used: what it says is wrong, or it does not fit the table."""


class OutcomeColumn(Strict):
    """Which column says how it ended, and in which words."""

    column: str = Field(description="The column.")
    won: Annotated[tuple[str, ...], Field(min_length=1)] = Field(description="The words that mean won.")
    lost: tuple[str, ...] = Field((), description="The words that mean lost.")

    @model_validator(mode="before")
    @classmethod
    def _words(cls, value: Any) -> Any:
        """Words such as 1 and true may be written bare."""
        if not isinstance(value, dict):
            return value
        kept = dict(value)
        for key in ("won", "lost"):
            several = kept.get(key)
            if several is not None:
                several = several if isinstance(several, list | tuple) else [several]
                kept[key] = [str(each).lower() if isinstance(each, bool) else str(each) for each in several]
        return kept


class Column(Strict):
    """What one column is: an attribute, the day of an event, how often an event happened, or nothing of interest."""

    attribute: Name | None = Field(None, description="The attribute it holds.")
    type: AttributeType | None = Field(None, description="The type of the attribute.")
    event: EventPattern | None = Field(None, description="The event whose day it holds.")
    count: EventPattern | None = Field(None, description="The event it says the number of.")
    day_first: bool | None = Field(None, description="True: 03/04/2026 is the third of April.")
    trusted: bool = Field(False, description="Known before the outcome, however well it foretells it.")
    ignore: bool | str = Field(False, description="Not used; a text says why.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {"ignore": True} if value == "ignore" else value

    @model_validator(mode="after")
    def _one_use(self) -> Column:
        uses = [self.attribute is not None, self.event is not None, self.count is not None, bool(self.ignore)]
        if sum(uses) != 1:
            raise ValueError("a column is one of `attribute`, `event`, `count` or `ignore`")
        if (self.attribute is None) != (self.type is None):
            raise ValueError("`attribute` and `type` belong together")
        return self


class Columns(Strict):
    """columns.yaml."""

    outcome: OutcomeColumn = Field(description="How it ended.")
    id: str | None = Field(None, description="The column that names the lead; absent: the line.")
    since: str | None = Field(None, description="The column with the day the lead became known.")
    closed: str | None = Field(None, description="The column with the day it was won or lost.")
    judged: str | None = Field(None, description="The column with the day as of which all other columns are.")
    observe: Duration | None = Field(
        None, description="How long after it became known a lead is judged, where it was not closed before."
    )
    order: Literal["time", "rows", "none"] = Field(
        "time", description="What says which lead came first: its day, the order of the rows, or nothing."
    )
    day_first: bool | None = Field(None, description="True: 03/04/2026 is the third of April, in every column.")
    columns: dict[str, Column] = Field(default_factory=dict, description="Every other column.")

    @model_validator(mode="after")
    def _spans(self) -> Columns:
        if self.observe is not None and (self.observe.business_days or not self.observe.positive):
            raise ValueError("`observe` is a span of time such as 30d, not business days")
        if self.observe is not None and self.since is None:
            raise ValueError("`observe` counts from the day a lead became known: name its column in `since`")
        return self

    def named(self) -> Iterator[str]:
        """Every column this names."""
        single = (self.outcome.column, self.id, self.since, self.closed, self.judged)
        yield from (name for name in single if name is not None)
        yield from self.columns

    def attributes(self) -> dict[str, Column]:
        """By attribute, the column that holds it."""
        return {each.attribute: each for each in self.columns.values() if each.attribute is not None}

    def trusted(self) -> frozenset[str]:
        """The attributes, and the events as `type: subject` (or `type`), that a person knows to be no leak."""
        several = [each for each in self.columns.values() if each.trusted]
        patterns = (each.event or each.count for each in several)
        events = {
            each.type if each.subject in (None, ANY) or each.type in MAIL_EVENTS else f"{each.type}: {each.subject}"
            for each in patterns
            if each is not None
        }
        return frozenset(events | {each.attribute for each in several if each.attribute is not None})

    def fitting(self, header: tuple[str, ...], file: str) -> Columns:
        """Itself; raises ColumnsRefused where it names a column that the table does not have."""
        missing = [name for name in self.named() if name not in header]
        if missing:
            near = near_names(missing[0], header)
            hint = f"did you mean {' or '.join(repr(each) for each in near)}? " if near else ""
            what = f"the table has no column {missing[0]!r}"
            raise ColumnsRefused(what, where=file, do=f"{hint}its columns: {', '.join(header)}")
        named = Counter(each.attribute for each in self.columns.values() if each.attribute is not None)
        twice = [name for name, times in named.items() if times > 1]
        if twice:
            raise ColumnsRefused(f"two columns hold the attribute {twice[0]!r}", where=file, do="rename one of them")
        return self


def read_columns(path: Path) -> Columns:
    """The mapping in a file; raises ColumnsRefused with the place of the first thing that is wrong in it."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ColumnsRefused(f"the mapping cannot be read: {why}", where=str(path), do="name a YAML file") from error
    document = read_yaml(text, file=path.name)
    model, problems = mend(document, Columns, path.name)
    several = (*document.problems, *problems)
    if several or not isinstance(model, Columns):
        first = min(several) if several else None
        what = first.message if first else "this is no mapping of columns"
        where = f"{path}:{first.line}:{first.column}" if first else str(path)
        raise ColumnsRefused(what, where=where, do="mend it, or remove the file so that it is guessed anew")
    return model


def written(columns: Columns, file: str) -> str:
    """The mapping as YAML for people, one line a column."""
    outcome = columns.outcome
    lines = [
        f"# What the columns of {file} mean. Look it over, change what is wrong, and run the command again.",
        "# A column is {attribute: name, type: …}, {event: {type: subject}}, {count: {type: subject}} or ignore.",
        f"outcome: {{column: {text(outcome.column)}, won: {_list(outcome.won)}, lost: {_list(outcome.lost)}}}",
    ]
    meant = {
        "id": "names the lead",
        "since": "the day it became known",
        "closed": "the day it was won or lost",
        "judged": "the day as of which all other columns are",
    }
    for key, why in meant.items():
        value = getattr(columns, key)
        lines.append(f"{key}: {text(value)}" if value is not None else f"# {key}: …   {why}")
    if columns.observe is not None:
        lines.append(f"observe: {columns.observe}")
    lines.append(f"order: {columns.order}   # which lead came first: time (by its day), rows (as they stand), or none")
    if columns.day_first is not None:
        lines.append(f"day_first: {str(columns.day_first).lower()}")
    lines.append("columns:" if columns.columns else "columns: {}")
    lines += [f"  {text(name)}: {_use(each)}" for name, each in columns.columns.items()]
    return "\n".join(lines) + "\n"


def _use(column: Column) -> str:
    if column.ignore is True:
        return "ignore"
    parts = []
    for key, value in column.model_dump(exclude_defaults=True).items():
        match value:
            case bool():
                shown = str(value).lower()
            case dict():
                ((kind, subject),) = value.items()
                shown = f"{{{text(kind)}: {text(subject)}}}"
            case _:
                shown = text(str(value))
        parts.append(f"{key}: {shown}")
    return "{" + ", ".join(parts) + "}"


def _list(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(text(each) for each in words) + "]"


def text(word: str) -> str:
    """A text as YAML reads it back: bare where that is safe, else in double quotes."""
    bare = word.isidentifier() and word.lower() not in ("true", "false", "null", "ignore")
    return word if bare else json.dumps(word, ensure_ascii=False)
