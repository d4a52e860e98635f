"""What a team brings along to `nurture guide`: definitions, deals and a language; refuses to look at any of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cli.guide_words import LABELS
from cli.opening import opened_if_there
from cli.pasts import FOLDER, Pasts, opened_pasts
from nurture.definitions import Definitions, Scenario
from nurture.errors import NurtureError
from nurture.history import PastLead
from nurture.wording.conditions import Language, Words


class Missing(NurtureError):
    """Something is not there yet: no error, but what to do next."""


@dataclass(frozen=True, slots=True)
class Team:
    """What a team brings along: its folder, the deals it is judged by, and the language it speaks.

    `table`: what was read of its file of deals, and the leads in it, which every step looks at anew; `refused`: why
    that could not be read. It is read, and what is wrong with it told, once.
    """

    folder: Path
    definitions: Definitions
    history: Path | None
    columns: Path | None
    language: Language
    events: Path | None = None
    table: tuple[Pasts, tuple[PastLead, ...]] | None = None
    refused: NurtureError | None = None

    def with_table(self) -> Team:
        """With the deals of its file, where it has one; or with the reason why that cannot be read."""
        if self.history is None:
            return self
        try:
            with opened_pasts(self.history, self.columns, self.folder, self.events, may_be_empty=True) as pasts:
                return replace(self, table=(pasts, tuple(pasts.leads)))
        except NurtureError as error:
            return replace(self, refused=error)

    @contextmanager
    def pasts(self) -> Iterator[Pasts]:
        """What became of leads: by the table, read once, else by the database, where there is one.

        Raises NurtureError where neither can be read.
        """
        if self.refused is not None:
            raise self.refused
        if self.table is not None:
            pasts, leads = self.table
            yield replace(pasts, leads=iter(leads))
            return
        with opened_if_there() as data:
            if data is None:
                raise Missing(self.labels["no_result"])
        with opened_pasts(None, None, self.folder, may_be_empty=True) as pasts:
            yield pasts

    @property
    def backtest(self) -> str:
        """The command of a back-test by the same deals."""
        words = ["nurture", "backtest", *([str(self.folder)] if self.folder != FOLDER else [])]
        words += ["--history", str(self.history)] if self.history is not None else []
        words += ["--columns", str(self.columns)] if self.columns is not None else []
        return shlex.join([*words, *(["--events", str(self.events)] if self.events is not None else [])])

    @property
    def words(self) -> Words:
        """Conditions in its language."""
        return Words(self.definitions, self.language)

    @property
    def labels(self) -> dict[str, str]:
        """The guide's own words."""
        return LABELS[self.language]

    @property
    def scenario(self) -> Scenario | None:
        """The scenario to look at: the first that hands over, in the team's language where there is one."""
        handing = [
            each
            for each in self.definitions.scenarios.values()
            if any(step.handoff is not None for step in each.steps.values())
        ]
        handing.sort(key=lambda each: (each.language != self.language, -each.priority))
        return next(iter(handing), None)
