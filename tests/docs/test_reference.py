"""The scenario reference says all there is, in both languages, and nothing that is not so."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter

from cli.main import run
from nurture.checks.rules import RULES
from nurture.loading import FrontMatter, load
from nurture.reading import FILES, SCENARIO, adapter
from nurture.reference import LANGUAGES, japanese_rules, reference
from nurture.reference.examples import EXAMPLES, example
from nurture.reference.japanese import KEYS, MODELS
from nurture.reference.words import TITLES
from nurture.schema import front_matter_schema, schemas
from nurture.yaml_text import read_yaml
from tests.core.fixture_folders import fixtures
from tests.docs.document import ROOT

WHOLE = {SCENARIO: "Scenario", "journey_map": "JourneyMap", "score": "Score", "hot_lead": "HotLead"}
"""The models that are a file by themselves, where the name is not that of the file."""


def described() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every model that people write, with its schema."""
    yield "FrontMatter", front_matter_schema()
    for kind, schema in schemas().items():
        if "properties" in schema:
            yield WHOLE.get(kind, kind.title()), schema
        yield from schema["$defs"].items()


PROPERTIES = {
    f"{name}.{key}": part for name, schema in described() for key, part in schema.get("properties", {}).items()
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_committed_reference_is_current(language: str) -> None:
    """`nurture schema --reference docs` would write nothing new."""
    assert (ROOT / "docs" / LANGUAGES[language]).read_text(encoding="utf-8") == reference(language)


def test_a_command_writes_the_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One page for each language, into the folder that was named."""
    assert run(["schema", "--reference", str(tmp_path / "docs")]) == 0
    assert {path.name for path in (tmp_path / "docs").iterdir()} == set(LANGUAGES.values())
    assert "scenario-reference.ja.md" in capsys.readouterr().out


def test_every_key_says_what_it_means_in_both_languages() -> None:
    """The English sentence stands with the model and so in the schemas, the Japanese one in the catalogue."""
    assert [name for name, part in PROPERTIES.items() if not part.get("description")] == []
    assert set(KEYS) == set(PROPERTIES)
    assert [name for name, said in KEYS.items() if said.isascii()] == []


def test_every_model_has_a_title_and_a_sentence_in_both_languages() -> None:
    """A model without its words could not be written about."""
    names = {name for name, _ in described()} - {"EventPattern"}
    assert set(MODELS) == names
    assert set(TITLES) == names | {"Condition", "EventPattern"}
    assert [name for name, schema in described() if not schema["description"]] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_link_within_the_reference_leads_to_its_heading(language: str) -> None:
    """What a type names can be looked up."""
    text = reference(language)
    targets, anchors = re.findall(r"\]\(#([^)]*)\)", text), re.findall(r'<a id="([^"]*)">', text)
    assert set(targets) <= set(anchors)
    assert len(anchors) == len(set(anchors))


def used(value: Any) -> Iterator[str]:
    """Every key that was written, as `Model.key`."""
    match value:
        case BaseModel():
            for name in value.model_fields_set:
                field = type(value).model_fields[name]
                yield f"{type(value).__name__}.{field.alias or name}"
                yield from used(getattr(value, name))
        case dict():
            for each in value.values():
                yield from used(each)
        case list() | tuple():
            for each in value:
                yield from used(each)


def test_every_key_is_shown_in_an_example() -> None:
    """All examples together write every key of every model at least once."""
    shown: set[str] = set()
    for model in EXAMPLES:
        for text in example(model, "en"):
            named = re.match(r"# (\w+)\.yaml", text)
            kind = named[1] if named and named[1] in FILES else SCENARIO
            if text.startswith("---"):
                front = read_yaml(text.split("---\n")[1], file="front matter").data
                shown.update(used(TypeAdapter(FrontMatter).validate_python(front)))
            else:
                shown.update(used(adapter(kind).validate_python(read_yaml(text, file=kind).data)))
    assert set(PROPERTIES) - shown == set()


def named_in_the_sources() -> set[str]:
    """Every rule that some code names: the last text of a call that reports a problem."""
    found: set[str] = set()
    for folder, names in (
        ("nurture", ("error", "warning", "Problem", "refuse")),
        ("adapters", ("Problem", "_problem")),
    ):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in names:
                    texts = [each.value for each in node.args if isinstance(each, ast.Constant)]
                    found.update(
                        text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(-[a-z]+)*", text)
                    )
    return found - {"error", "warning"}


def test_every_rule_of_the_check_is_explained_and_no_other() -> None:
    """Rules are those that the sources name or that a fixture shows; each says what it finds and how to mend it."""
    shown = {
        rule
        for fixture in fixtures("err")
        for rule in re.findall(r"\[([a-z-]+)\]$", fixture.expected.read_text(encoding="utf-8"), flags=re.MULTILINE)
    }
    assert named_in_the_sources() | shown == set(RULES)
    assert set(RULES) - shown == {"encoding", "unreadable-file"}  # which no fixture can have, being text and readable
    assert set(japanese_rules.RULES) == set(RULES)


def test_a_rule_that_was_not_explained_would_be_noticed() -> None:
    """The rule of a problem that is really found is one of the list."""
    (problem,) = load({"segments.yaml": "nobody: {when: {hot: true}}\n"}).problems
    assert problem.rule in RULES
