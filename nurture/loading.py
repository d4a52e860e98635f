"""Turns the texts of a folder into definitions and every problem they have; refuses to touch files, clock or network.

Fixed names hold what all scenarios share; every other YAML file in the folder's top is a scenario;
`templates/<name>.<language>.md` are the mails. Anything else is none of its business.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Annotated

from pydantic import Field

from nurture.checks import check
from nurture.conditions import Strict
from nurture.definitions import HOLD_OUT, Definitions, Scenario, Score, Template
from nurture.errors import DefinitionsRefused, Problem
from nurture.folder import Folder, TemplateFile
from nurture.reading import FILES, SCENARIO, Source, mend, read_source
from nurture.yaml_text import START, Node, read_yaml, source_lines

AUDIENCE = "audience.yaml"
"""How an imagined audience behaves: read by the simulator, no part of the definitions."""
TEMPLATES = "templates/"

_TEMPLATE_NAME = re.compile(r"templates/(?P<name>[^\s/\\.]{1,100})\.(?P<language>[a-z]{2}(-[A-Z]{2})?)\.md")
_FENCE = re.compile(r"---[ \t]*")


class FrontMatter(Strict):
    """What stands above the body of a template."""

    subject: Annotated[str, Field(min_length=1)] = Field(description="The subject; variables may stand in it.")
    preheader: str = Field(
        "", description="The line that mailboxes show beside the subject; variables may stand in it."
    )


@dataclass(frozen=True)
class Loaded:
    """Definitions as far as they could be read, every problem in the order of the files, and the places of things."""

    definitions: Definitions
    problems: tuple[Problem, ...]
    folder: Folder

    @property
    def ok(self) -> bool:
        """True without errors; warnings are no hindrance."""
        return not any(problem.severity == "error" for problem in self.problems)


def load(
    files: Mapping[str, str],
    *,
    holidays: frozenset[date] = frozenset(),
    number: int = 0,
    countries: frozenset[str] | None = None,
    unread: Collection[str] = (),
) -> Loaded:
    """Read and check a folder. `files`: relative path (with `/`) → text; never raises for what is in them.

    `unread`: files that are there and whose text is not, so that nothing is said to be missing for their sake.
    `holidays`: the public holidays to go into the definitions; `countries`: the codes `holidays:` may name (None: any).
    Text of templates is checked beside this, in adapters, since the template language is no part of the core.
    """
    folder, problems = _read(files, holidays, number, countries, unread)
    found = {*problems, *check(folder)}
    return Loaded(folder.definitions, tuple(sorted(found)), folder)


def definitions_of(
    files: Mapping[str, str], *, holidays: frozenset[date] = frozenset(), number: int = 0, stored: bool = False
) -> Definitions:
    """The definitions of a folder; raises DefinitionsRefused if it has errors.

    `stored`: the files were deployed before. Only what cannot be read at all is refused then: a check that became
    stricter must not take a deployment away from the leads that walk in it.
    """
    if not stored:
        loaded = load(files, holidays=holidays, number=number)
        if not loaded.ok:
            raise DefinitionsRefused(loaded.problems)
        return loaded.definitions
    folder, problems = _read(files, holidays, number, None)
    if any(problem.severity == "error" for problem in problems):
        raise DefinitionsRefused(sorted(problems))
    return folder.definitions


def _read(
    files: Mapping[str, str],
    holidays: frozenset[date],
    number: int,
    countries: frozenset[str] | None,
    unread: Collection[str] = (),
) -> tuple[Folder, list[Problem]]:
    sources = {file: Source(file, kind, None, None, Node(START)) for file in unread if (kind := _kind(file))}
    problems: list[Problem] = []
    scenarios: dict[str, Scenario] = {}
    scenario_files: dict[str, str] = {}
    for file in sorted(files):
        kind = _kind(file)
        if kind is None:
            continue
        source = sources[file] = read_source(kind, file, files[file])
        problems += source.problems
        if isinstance(source.model, Scenario):
            problems += _add_scenario(source, scenarios, scenario_files)
    templates, listed, refused = _templates(files)
    named = ((file, _TEMPLATE_NAME.fullmatch(file)) for file in unread)
    listed += tuple(TemplateFile(file, found["name"], found["language"]) for file, found in named if found)
    problems += refused
    read = {kind: sources[f"{kind}.yaml"].model for kind in FILES if f"{kind}.yaml" in sources}
    definitions = Definitions(
        number=number,
        scenarios=scenarios,
        attributes=read.get("attributes") or {},
        events=read.get("events") or {},
        segments=read.get("segments") or {},
        journey_map=read.get("journey_map"),
        score=read.get("score") or Score(),
        hot_lead=read.get("hot_lead"),
        forms=read.get("forms") or {},
        sender=read.get("sender"),
        sales=read.get("sales"),
        templates=templates,
        holidays=holidays,
    )
    return Folder(definitions, sources, scenario_files, listed, countries), problems


def _kind(file: str) -> str | None:
    if "/" in file or not file.endswith(".yaml") or file == AUDIENCE:
        return None
    stem = file.removesuffix(".yaml")
    return stem if stem in FILES else SCENARIO


def _add_scenario(source: Source, scenarios: dict[str, Scenario], files: dict[str, str]) -> list[Problem]:
    scenario: Scenario = source.model
    if scenario.scenario in scenarios:
        place = source.root.find(("scenario",)).place
        message = f"the scenario {scenario.scenario!r} is already in {files[scenario.scenario]}"
        return [Problem(source.file, place.line, place.column, message, "duplicate-name")]
    scenarios[scenario.scenario] = scenario
    files[scenario.scenario] = source.file
    return []


# --- templates ------------------------------------------------------------------------------------------------------


def _templates(
    files: Mapping[str, str],
) -> tuple[dict[tuple[str, str], Template], tuple[TemplateFile, ...], list[Problem]]:
    templates: dict[tuple[str, str], Template] = {}
    listed: list[TemplateFile] = []
    problems: list[Problem] = []
    for file in sorted(files):
        if not file.startswith(TEMPLATES) or not file.endswith(".md") or file.endswith("/README.md"):
            continue
        named = _TEMPLATE_NAME.fullmatch(file)
        if named is None:
            message = "a template is named templates/<name>.<language>.md, such as templates/welcome.ja.md"
            problems.append(Problem(file, 1, 1, message, "template-name"))
            continue
        if named["name"] == HOLD_OUT:
            message = f"{HOLD_OUT!r} is the side of a split that gets no mail and cannot name a template"
            problems.append(Problem(file, 1, 1, message, "reserved-name"))
        template, entry, refused = _read_template(file, named["name"], named["language"], files[file])
        listed.append(entry)
        problems += refused
        if template is not None:
            templates[template.name, template.language] = template
    return templates, tuple(listed), problems


@lru_cache(maxsize=1024)
def _read_template(
    file: str, name: str, language: str, text: str
) -> tuple[Template | None, TemplateFile, tuple[Problem, ...]]:
    lines = source_lines(text.removeprefix("\ufeff"))
    unreadable = TemplateFile(file, name, language)
    closing = next((index for index, line in enumerate(lines) if index and _FENCE.fullmatch(line)), None)
    if not _FENCE.fullmatch(lines[0]) or closing is None:
        message = "a template opens with its front matter: `---`, `subject: …`, `---`, then the body"
        return None, unreadable, (Problem(file, 1, 1, message, "front-matter"),)
    document = read_yaml("\n".join(lines[1:closing]), file=file, first_line=2)
    front, refused = mend(document, FrontMatter, file)
    if not isinstance(front, FrontMatter):
        return None, unreadable, refused
    body = "\n".join(lines[closing + 1 :]).lstrip("\n")
    blank = len(lines[closing + 1 :]) - len(source_lines(body))
    if not body.strip():
        empty = Problem(file, closing + 1, 1, "the template has no body", "empty")
        return None, unreadable, (*refused, empty)
    digest = hashlib.sha256(text.encode()).hexdigest()
    template = Template(name, language, front.subject, front.preheader, body, digest)
    return template, TemplateFile(file, name, language, closing + 2 + blank, document.root), refused
