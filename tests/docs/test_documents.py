"""The documents can be trusted: their YAML is read, their links lead somewhere, both READMEs say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.scenario_folder import check_texts, read_folder
from cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
READMES = (ROOT / "README.md", ROOT / "README.ja.md")


def named(path: Path) -> str:
    """A path as seen from the root of the repository."""
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def yaml_blocks() -> Iterator[tuple[str, str]]:
    """Every YAML block with the name of its document."""
    for path in DOCUMENTS:
        for block in blocks(path, "yaml"):
            yield named(path), block


def links(path: Path) -> Iterator[str]:
    """The relative targets of a document, without their anchors."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


@pytest.mark.parametrize(("document", "block"), list(yaml_blocks()))
def test_every_scenario_in_a_document_passes_the_check(document: str, block: str) -> None:
    """A YAML block that begins a scenario has nothing to find when it is laid into the sample folder."""
    if not block.startswith("scenario:"):
        return
    loaded = check_texts({**read_folder(ROOT / "scenarios"), "from_a_document.yaml": block})
    assert [str(problem) for problem in loaded.problems] == [], document


@pytest.mark.parametrize("name", ["intake.md", "intake.ja.md"])
def test_every_form_in_a_document_passes_the_check(name: str) -> None:
    """It has nothing to find when it stands beside the sample's own forms."""
    (block,) = blocks(ROOT / "docs" / name, "yaml")
    files = read_folder(ROOT / "scenarios")
    loaded = check_texts({**files, "forms.yaml": files["forms.yaml"] + block})
    assert [str(problem) for problem in loaded.problems] == []
    assert loaded.definitions.forms["letter"].confirm == "confirm_subscription"


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_in_a_document_leads_to_a_file(path: Path) -> None:
    """Relative links of Markdown files name something that exists."""
    assert [target for target in links(path) if not (path.parent / target).exists()] == []


def test_both_readmes_show_the_same_scenario_and_commands() -> None:
    """What a reader of one language can copy, a reader of the other can: only titles and comments differ."""
    english, japanese = ([yaml.safe_load(block) for block in blocks(path, "yaml")] for path in READMES)
    for data in (*english, *japanese):
        data.pop("title")
    assert english == japanese
    typed = [
        [line.partition("#")[0].strip() for block in blocks(path, "console") for line in block.splitlines()]
        for path in READMES
    ]
    assert typed[0] == typed[1]


def test_every_command_in_a_readme_exists() -> None:
    """Each `nurture …` line begins with a word the command knows, each `make …` with a target."""
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE))
    typed = re.findall(r"^\$ (nurture|make) (\S+)", READMES[0].read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert {program for program, _ in typed} == {"nurture", "make"}
    assert [word for program, word in typed if word not in (COMMANDS if program == "nurture" else targets)] == []


def test_every_decision_is_listed_and_at_most_a_page() -> None:
    """Each ADR stands in the list, and says its context, decision and cost in fewer than 600 words."""
    folder = ROOT / "docs" / "adr"
    listed = set(links(folder / "README.md"))
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert listed == {path.name for path in decisions}
    for path in decisions:
        text = path.read_text(encoding="utf-8")
        assert [part for part in ("## Context", "## Decision", "## Cost") if part not in text] == [], path.name
        assert len(text.split()) < 600, path.name


def test_every_dependency_is_explained() -> None:
    """Each package of pyproject.toml has its place in docs/dependencies.md."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    wanted = re.findall(r'^ {4}"([a-z-]+)>=', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert wanted
    assert [name for name in wanted if not re.search(rf"(\| |, ){re.escape(name)}( \||,)", text)] == []
