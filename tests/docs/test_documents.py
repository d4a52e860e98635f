"""The documents can be trusted: their YAML is read, their links lead somewhere, both READMEs say the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from adapters.scenario_folder import check_texts, read_folder
from tests.docs.document import DOCUMENTS, READMES, ROOT, Block, blocks, commands, named, refuse_unknown
from tests.docs.reader import NOT_AS_WRITTEN


def blocks_of(path: Path, language: str) -> list[Block]:
    """The fenced blocks of one language, in order."""
    return [block for block in blocks(path) if block.language == language]


def definitions_alone() -> dict[str, list[Block]]:
    """The files that are read in the sample folder, by document and chapter: none of them is saved for a command."""
    found: dict[str, list[Block]] = {}
    for path in DOCUMENTS:
        typed = blocks_of(path, "console")
        for block in (*blocks_of(path, "yaml"), *blocks_of(path, "markdown")):
            saved = typed and "/" in block.file and not block.text.startswith("scenario: ")
            if block.not_run is None and not saved:
                found.setdefault(f"{named(path)}: {block.chapter}", []).append(block)
    return found


def links(path: Path) -> Iterator[str]:
    """The relative targets of a document, without their anchors."""
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if "://" not in target and not target.startswith(("#", "mailto:")):
            yield target.partition("#")[0]


@pytest.mark.parametrize("files", [pytest.param(files, id=where) for where, files in definitions_alone().items()])
def test_every_definition_in_a_document_passes_the_check(files: list[Block]) -> None:
    """The files of a chapter have nothing to find when they are laid into the sample folder, each in its place.

    What they define need not be used by the sample; what the sample then misses in its own files is not their fault.
    """
    laid = {block.file.removeprefix("scenarios/"): block.text for block in files}
    loaded = check_texts({**read_folder(ROOT / "scenarios"), **laid})
    found = [problem for problem in loaded.problems if problem.file in laid and not problem.rule.startswith("unused-")]
    assert [str(problem) for problem in found] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_block_of_a_document_is_of_a_known_kind(path: Path) -> None:
    """Nothing in a document is skipped in silence: files say their names, what is not run says why."""
    for block in blocks(path):
        refuse_unknown(block)


@pytest.mark.parametrize("path", DOCUMENTS, ids=named)
def test_every_link_in_a_document_leads_to_a_file(path: Path) -> None:
    """Relative links of Markdown files name something that exists."""
    assert [target for target in links(path) if not (path.parent / target).exists()] == []


def test_both_readmes_show_the_same_scenario_and_commands() -> None:
    """What a reader of one language can copy, a reader of the other can: only titles and comments differ."""
    english, japanese = ([yaml.safe_load(block.text) for block in blocks_of(path, "yaml")] for path in READMES)
    for data in (*english, *japanese):
        data.pop("title")
    assert english == japanese
    typed = [
        [(command.bare, command.shown) for block in blocks_of(path, "console") for command in commands(block)]
        for path in READMES
    ]
    assert typed[0] == typed[1]


def test_every_target_that_a_document_names_exists() -> None:
    """What is not run as it stands is at least there: a target of the Makefile, which `make help` lists."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):.*## ", text, flags=re.MULTILINE))
    named_here = {command.removeprefix("make ") for command in NOT_AS_WRITTEN if command.startswith("make ")}
    assert named_here
    assert named_here <= targets


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
