"""What was read of a whole folder of definitions, and where each thing stands; refuses to judge it (see checks/)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from nurture.definitions import Definitions, Scenario
from nurture.reading import SCENARIO, Source
from nurture.yaml_text import START, Node, Path, Place

DEFAULT_LANGUAGE = "ja"
"""The language of a scenario that names none."""


@dataclass(frozen=True, slots=True)
class TemplateFile:
    """One template file: which mail in which language, the places of its front matter, the line its body begins on."""

    file: str
    name: str
    language: str
    body_line: int = 1
    front: Node | None = None


@dataclass(frozen=True)
class Folder:
    """Definitions, and for the checks the files they came from.

    `countries`: the codes `holidays` may name; None where they are not known here, so that nothing is said of them.
    """

    definitions: Definitions
    sources: Mapping[str, Source] = field(default_factory=dict)
    scenario_files: Mapping[str, str] = field(default_factory=dict)
    templates: tuple[TemplateFile, ...] = ()
    countries: frozenset[str] | None = None

    def place(self, file: str, path: Path, *, named: bool = False) -> Place:
        """Where `path` of a file stands: the value, or with `named` its key; as near as the file goes."""
        source = self.sources.get(file)
        if source is None:
            return START
        node = source.root.find(path)
        return node.named if named else node.place

    def sound(self, file: str, path: Path = ()) -> bool:
        """True if all at and below `path` could be read."""
        source = self.sources.get(file)
        return source is not None and source.model is not None and source.sound(path)

    def present(self, kind: str) -> bool:
        """True if the folder has the file with this fixed name."""
        return f"{kind}.yaml" in self.sources

    def names(self, kind: str, *path: str) -> frozenset[str] | None:
        """The names a companion file defines, as written; None where it is there and cannot be read."""
        source = self.sources.get(f"{kind}.yaml")
        if source is None:
            return frozenset()
        if source.model is None and not isinstance(source.data, dict):
            return None
        return source.names(*path)

    def steps(self, scenario: Scenario) -> frozenset[str]:
        """The names of a scenario's steps, as written."""
        return self.sources[self.scenario_files[scenario.scenario]].names("steps") | frozenset(scenario.steps)

    @property
    def scenario_names(self) -> frozenset[str] | None:
        """The names of the scenarios; None where a file that holds one cannot be read."""
        if any(source.kind == SCENARIO and source.model is None for source in self.sources.values()):
            return None
        return frozenset(self.scenario_files)

    def languages(self, template: str) -> tuple[str, ...]:
        """The languages a template is written in."""
        return tuple(sorted(each.language for each in self.templates if each.name == template))

    @property
    def template_names(self) -> frozenset[str]:
        return frozenset(each.name for each in self.templates)
