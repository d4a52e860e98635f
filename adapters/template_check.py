"""Finds variables of a template that nobody can fill, and links that lead nowhere; refuses to render anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from adapters.mail.variables import CONFIRM_LINK, TemplateUnreadable, undeclared
from nurture.definitions import Template
from nurture.errors import Problem, near_names
from nurture.folder import TemplateFile
from nurture.loading import Loaded
from nurture.refusals import did_you_mean
from nurture.yaml_text import Place, source_lines

ATTRIBUTES = "lead.attributes."
FORMS = "/forms/"
PARTS = ("subject", "preheader", "body")

_LINK = re.compile(r"\blink\(\s*(?P<quote>[\"'])(?P<path>.*?)(?P=quote)\s*\)")
_ATTRIBUTE = re.compile(r"\blead\.attributes\.(?P<name>\w+)")
_IN_BRACES = re.compile(r"\{[{%](.*?)[%}]\}", re.DOTALL)


def check_templates(loaded: Loaded, files: Mapping[str, str]) -> tuple[Problem, ...]:
    """Every problem of the texts of the templates. `files` are the texts that `loaded` was read from."""
    found: set[Problem] = set()
    confirming = {form.confirm for form in loaded.definitions.forms.values()}
    for entry in loaded.folder.templates:
        template = loaded.definitions.templates.get((entry.name, entry.language))
        if template is not None:
            found.update(
                _Checking(loaded, template, entry, source_lines(files[entry.file]), entry.name in confirming).problems()
            )
    return tuple(sorted(found))


@dataclass(slots=True)
class _Checking:
    """One template, with the lines of its file."""

    loaded: Loaded
    template: Template
    entry: TemplateFile
    lines: list[str]
    confirms: bool
    """A form names it in `confirm`, so the mail has an address at which the consent is confirmed."""

    def problems(self) -> Iterator[Problem]:
        for part in PARTS:
            try:
                names = undeclared(self.template, part)
            except TemplateUnreadable as error:
                place = self._line(part, error.line)
                yield self._problem(place, f"the template cannot be read: {error.message}", "template-syntax")
                continue
            for name in sorted(names):
                yield from self._unfillable(part, name)
            yield from self._misspelt(part, names)
            yield from self._links(part)
            if part == "body" and self.confirms and CONFIRM_LINK not in names:
                message = (
                    f"nobody could confirm: write [words]({{{{ {CONFIRM_LINK} }}}}), since a form names it in `confirm`"
                )
                yield self._problem(self._line(part, 1), message, "no-confirm-link")

    def _unfillable(self, part: str, name: str) -> Iterator[Problem]:
        known = self.loaded.folder.names("attributes")
        if name == "lead.name" or (name == CONFIRM_LINK and self.confirms and not self._sent_by_a_scenario):
            return
        if name == CONFIRM_LINK and self.loaded.folder.names("forms") is None:
            return  # which templates confirm, nobody can tell
        if name.startswith(ATTRIBUTES):
            attribute = name.removeprefix(ATTRIBUTES).partition(".")[0]
            if known is None or attribute in known:
                return
            near = did_you_mean(near_names(attribute, known))
            message = f"nobody can fill `{name}`: attributes.yaml has no {attribute!r}{near or '; declare it there'}"
        elif name == CONFIRM_LINK:
            other = (
                "a scenario sends this template too" if self.confirms else "no form names this template in `confirm`"
            )
            message = f"nobody can fill `{name}`: {other}"
        else:
            fillable = ["lead.name", *(f"{ATTRIBUTES}{attribute}" for attribute in sorted(known or ()))]
            fillable += [CONFIRM_LINK] if self.confirms else []
            near = did_you_mean(near_names(name, fillable) or _same_ending(name, fillable))
            message = f"nobody can fill `{name}`{near or '; a template knows lead.name, lead.attributes.… and link(…)'}"
        yield self._problem(self._find(part, name), message, "unknown-variable")

    @property
    def _sent_by_a_scenario(self) -> bool:
        steps = (step for scenario in self.loaded.definitions.scenarios.values() for step in scenario.steps.values())
        return any(self.template.name in step.templates for step in steps)

    def _misspelt(self, part: str, reported: frozenset[str]) -> Iterator[Problem]:
        """Undeclared attributes that have a default: they break nothing, and are never filled."""
        known = self.loaded.folder.names("attributes")
        if known is None:
            return
        for inside in _IN_BRACES.finditer(getattr(self.template, part)):
            for used in _ATTRIBUTE.finditer(inside[1]):
                name = used["name"]
                if name not in known and f"{ATTRIBUTES}{name}" not in reported:
                    near = did_you_mean(near_names(name, known))
                    message = f"`{ATTRIBUTES}{name}` is never filled: attributes.yaml has no {name!r}{near}"
                    place = self._find(part, f"{ATTRIBUTES}{name}")
                    yield self._problem(place, message, "unknown-variable", warning=True)

    def _links(self, part: str) -> Iterator[Problem]:
        forms = self.loaded.folder.names("forms")
        for link in _LINK.finditer(getattr(self.template, part)):
            path = link["path"]
            if not path.startswith(("/", "http://", "https://")):
                message = f'a link is a path of this server, such as link("/forms/seminar"), not {path!r}'
                yield self._problem(self._find(part, path), message, "wrong-link")
            elif path.startswith(FORMS) and forms is not None:
                form = re.split(r"[/?#]", path.removeprefix(FORMS))[0]
                if form not in forms:
                    near = did_you_mean(near_names(form, forms)) or "; forms.yaml has none of this name"
                    yield self._problem(self._find(part, path), f"unknown form {form!r}{near}", "unknown-form")

    # --- places -----------------------------------------------------------------------------------------------------

    def _problem(self, place: Place, message: str, rule: str, *, warning: bool = False) -> Problem:
        where = (self.entry.file, place.line, place.column)
        return Problem(*where, message, rule, "warning" if warning else "error")

    def _line(self, part: str, line: int) -> Place:
        """A line of a part, in the file."""
        if part != "body":
            return self.entry.front.find((part,)).place if self.entry.front is not None else Place(1, 1)
        number = self.entry.body_line + line - 1
        text = self.lines[number - 1] if number <= len(self.lines) else ""
        return Place(number, len(text) - len(text.lstrip()) + 1)

    def _find(self, part: str, text: str) -> Place:
        """The first place where a text of a part stands in the file."""
        start = self._line(part, 1).line
        word = re.compile(re.escape(text) + r"(?!\w)")
        for number in range(start, len(self.lines) + 1):
            if found := word.search(self.lines[number - 1]):
                return Place(number, found.start() + 1)
        return self._line(part, 1)


def _same_ending(name: str, known: list[str]) -> tuple[str, ...]:
    """`company` alone most likely means `lead.attributes.company`."""
    last = name.rpartition(".")[2]
    return tuple(each for each in known if each.endswith(f".{last}"))[:1]
