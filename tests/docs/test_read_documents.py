"""The documents work: what they have their reader type is typed, and shows what they show."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.settings import read_settings
from adapters.temporal_cli import TemporalCli
from tests.docs.document import DOCUMENTS, READMES, UnknownBlock, blocks, lacking, named, refuse_unknown
from tests.docs.reader import Reader

TYPED = [path for path in DOCUMENTS if any(block.language == "console" for block in blocks(path))]
TYPED.remove(READMES[1])  # types what the other README does, which test_documents.py proves


@pytest.fixture
def reader(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[Reader]:
    """A reader with nothing but what is checked out; whatever it started is ended."""
    made = Reader(tmp_path, free_port, TemporalCli(named=read_settings().temporal_cli).find())
    yield made
    made.kill()


@pytest.mark.timeout(600)  # twenty commands and a whole system, each at its own pace on a busy machine
@pytest.mark.parametrize("path", TYPED, ids=named)
def test_a_document_works_from_beginning_to_end(path: Path, reader: Reader, capsys: pytest.CaptureFixture[str]) -> None:
    """Files saved and commands typed in order give what the text shows; what cannot be run is printed with its why."""
    for block in blocks(path):
        reader.read(block)
    reader.close()
    with capsys.disabled():
        for line in reader.left_out:
            print(f"\nnot run: {named(path)} {line}", end="")  # noqa: T201 - what is left out is seen in every run


def document(tmp_path: Path, text: str) -> Path:
    """A document with this text."""
    path = tmp_path / "document.md"
    path.write_text(text, encoding="utf-8")
    return path


def read_as_known(path: Path) -> None:
    """Every block of a document, looked at as the runner would."""
    for block in blocks(path):
        refuse_unknown(block)


@pytest.mark.parametrize(
    "text",
    [
        "```sh\nnurture check\n```\n",
        "```\nnurture check\n```\n",
        "```text\n$ nurture check\n```\n",
        "```console no-run:\n$ nurture check\n```\n",
        "```console\nnurture check\n```\n",
        "```yaml\nsteps: {}\n```\n",
        "```markdown\nHello\n```\n",
    ],
)
def test_a_block_that_nobody_would_run_is_refused(tmp_path: Path, text: str) -> None:
    """An unknown language, a command among output, a reason left out or a file without a name stop the test."""
    with pytest.raises(UnknownBlock):
        read_as_known(document(tmp_path, text))


def test_a_document_that_shows_something_else_fails(tmp_path: Path, reader: Reader) -> None:
    """Another output, another exit code, an unknown program and a mistake in a saved file are all noticed."""
    for text in (
        "$ nurture check\nno problems in 99 files",
        "$ nurture check  # exit code 1",
        "$ nurture check nowhere",
        "$ sudo nurture check",
    ):
        (block,) = blocks(document(tmp_path, f"```console\n{text}\n```\n"))
        with pytest.raises(AssertionError):
            reader.read(block)
    (block,) = blocks(document(tmp_path, "```yaml\n# own/segments.yaml\nnobody: {when: {attribut: x}}\n```\n"))
    reader.read(block)
    with pytest.raises(AssertionError, match="unknown event"):
        reader.close()


def test_shown_lines_are_looked_for_in_order() -> None:
    """Three dots stand for anything, runs of blanks for one, and a line that came earlier does not count again."""
    output = "lead   what\nlead_1 enrolled\n2026-11-02 done\n"
    assert lacking(["lead what", "...", "20... done"], output) is None
    assert lacking(["lead_1 enrolled", "lead what"], output) == "lead what"
