"""Reads a Markdown document as its blocks, files and commands; refuses to run any of them (see reader.py).

CONTRIBUTING.md says how a block is written. A block that is none of its kinds raises UnknownBlock: nothing in a
document is skipped in silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
READMES = (ROOT / "README.md", ROOT / "README.ja.md")

NEVER_RUN = ("mermaid", "text", "python", "html", "js")
"""Languages that hold nothing to run: pictures, output and addresses, and code that other tests read."""
FILES = ("yaml", "markdown", "csv", "json", "diff")
"""Languages whose blocks are files."""

_FENCE = re.compile(r"^(?P<fence>`{3,})(?P<info>[^\n`]*)\n(?P<text>.*?)^(?P=fence)[ \t]*$", re.MULTILINE | re.DOTALL)
_PATH = re.compile(r"[\w./-]+\.(yaml|md|csv|json)")
_EXIT_CODE = re.compile(r"#.*(?:exit code|終了コード)\s*(?P<code>\d+)")
_LOOKS_TYPED = re.compile(r"^(\$ |nurture |make |temporal |docker |curl )", re.MULTILINE)


def named(path: Path) -> str:
    """A path as seen from the root of the repository."""
    return str(path.relative_to(ROOT))


class UnknownBlock(Exception):
    """A block that nobody would run, and that does not say why."""


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block: its language, the rest of its first line, its text, the line it opens on, its chapter."""

    language: str
    info: str
    text: str
    line: int
    chapter: str

    @property
    def not_run(self) -> str | None:
        """Why it is not run: the rest of the first line after `no-run:`; None for a block that is run."""
        if "no-run" not in self.info:
            return None
        reason = self.info.partition("no-run:")[2].strip()
        if not reason:
            raise UnknownBlock(f"line {self.line}: `no-run:` gives no reason")
        return reason

    @property
    def terminal(self) -> str:
        """In which of the reader's terminals it is typed: `terminal=2`, or the first."""
        found = re.search(r"\bterminal=(\w+)", self.info)
        return found[1] if found else "1"

    @property
    def file(self) -> str:
        """Which file the block is: named on its first line, in a comment of YAML, or by the scenario in it."""
        if named := _PATH.fullmatch(self.info.strip()):
            return named[0]
        first = self.text.partition("\n")[0]
        if self.language == "yaml" and (named := _PATH.fullmatch(first.removeprefix("# ").strip())):
            return named[0]
        if self.language == "yaml" and first.startswith("scenario: "):
            return f"scenarios/{first.removeprefix('scenario: ').partition('#')[0].strip()}.yaml"
        raise UnknownBlock(f"line {self.line}: this {self.language} block does not say which file it is")


@dataclass(frozen=True, slots=True)
class Command:
    """One line typed at `$ `: what it prints contains `shown`, and it ends with `code`."""

    typed: str
    line: int
    terminal: str = "1"
    code: int = 0
    shown: list[str] = field(default_factory=list)

    @property
    def bare(self) -> str:
        """Without its comment."""
        return re.sub(r"\s+#.*", "", self.typed).strip()


def blocks(path: Path) -> list[Block]:
    """Every block of a document, in order; raises UnknownBlock for a language nobody knows."""
    text = path.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        language, _, info = match["info"].strip().partition(" ")
        chapter = (re.findall(r"^#+ (.*)$", _FENCE.sub("", text[: match.start()]), re.MULTILINE) or [""])[-1]
        block = Block(language, info, match["text"], text.count("\n", 0, match.start()) + 1, chapter)
        if language not in (*NEVER_RUN, *FILES, "console"):
            raise UnknownBlock(f"{path.name}:{block.line}: nobody runs a block of {language or 'no language'}")
        if language == "text" and (typed := _LOOKS_TYPED.search(block.text)):
            raise UnknownBlock(f"{path.name}:{block.line}: {typed[0]!r} is typed: it belongs into a console block")
        found.append(block)
    return found


def commands(block: Block) -> Iterator[Command]:
    """The commands of a console block, each with the output that stands below it."""
    lines = iter(block.text.splitlines())
    command: Command | None = None
    for number, line in enumerate(lines, block.line + 1):
        if line.startswith("$ "):
            if command is not None:
                yield command
            typed = line.removeprefix("$ ")
            while typed.endswith("\\"):
                typed = f"{typed}\n{next(lines)}"
            marked = _EXIT_CODE.search(typed)
            command = Command(typed, number, block.terminal, int(marked["code"]) if marked else 0)
        elif command is None:
            raise UnknownBlock(f"line {number}: a console block begins with `$ ` and a command")
        elif line.strip():
            command.shown.append(line.rstrip())
    if command is not None:
        yield command


def refuse_unknown(block: Block) -> None:
    """Raise UnknownBlock for a block that nobody would run, and that does not say why."""
    if block.not_run is not None or block.language in NEVER_RUN:
        return
    if block.language in FILES:
        _ = block.file
    elif not list(commands(block)):
        raise UnknownBlock(f"line {block.line}: a console block without a command")


def lacking(shown: list[str], output: str) -> str | None:
    """The first line of `shown` that is not in `output` behind the ones before it; `...` stands for anything."""
    ahead = iter(_plain(line) for line in output.splitlines())
    for line in shown:
        if line.strip() in ("...", "…"):
            continue
        pattern = re.compile(".*".join(re.escape(part) for part in re.split(r"\s*(?:\.\.\.|…)\s*", _plain(line))))
        if not any(pattern.search(each) for each in ahead):
            return line
    return None


def _plain(line: str) -> str:
    """A line with every run of blanks as one."""
    return " ".join(line.split())
