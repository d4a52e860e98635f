"""Does what a document says, as its reader would: saves its files and types its commands, against a real whole.

Each document has a scratch copy of what a reader has checked out, ports of its own and no data but what it makes.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from adapters.scenario_folder import check_folder
from tests.docs.document import FILES, ROOT, Block, Command, commands, lacking

CHECKED_OUT = ("scenarios", "Makefile", "worker.py")
PATIENCE = 60
"""Seconds within which what is shown after a question must have come true: a reader looks again."""

PROGRAMS = frozenset(
    {"cat", "cd", "cp", "curl", "export", "grep", "ls", "mkdir", "mv", "nurture", "python", "rm", "tar", "temporal"}
)
"""What a document may have its reader type. Anything else is marked `no-run:` with its reason, or added here."""
ENDLESS = ("nurture up", "nurture demo")
"""Commands that run until Ctrl-C: started once something more is typed, and stopped when the document is over."""
QUESTIONS = ("nurture leads show", "temporal workflow query", "curl")
"""Commands that change nothing (a curl without a body): asked again until they show what the document shows."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """What is done in place of a command that cannot be run here as it stands, and why."""

    why: str
    instead: str | None = None


NOT_AS_WRITTEN = {
    "make demo": Otherwise("it would install packages first; this is the command of the target", "nurture demo"),
    "make test": Otherwise("it is what runs this test"),
    "make test-cluster": Otherwise("it runs tests/e2e with --temporal cluster, and needs a server to be built"),
    "make check": Otherwise("it runs on the sources, not on a document; tests/test_imports.py covers the imports"),
    "make fix": Otherwise("it changes the sources"),
    "make bench": Otherwise("it measures for many minutes; docs/performance.md holds what it found"),
    "make faults": Otherwise("it runs for hours; docs/reliability.md holds what it found"),
    "make screenshots": Otherwise("it changes docs/images; tests/web walks the same pages in a browser"),
    "docker compose": Otherwise("it needs a container engine; tests/docs/test_compose.py reads the files it would"),
}
"""Every command, or its first two words, that is not run as it stands. test_documents.py proves that targets exist."""


@dataclass(slots=True)
class Terminal:
    """One of the reader's terminals: where it is, and what was exported in it."""

    folder: Path
    environment: dict[str, str]


@dataclass(slots=True)
class Reader:
    """Works through one document. `scratch` is empty; `free_port` names ports nobody listens on."""

    scratch: Path
    free_port: Callable[[], int]
    temporal_cli: Path
    left_out: list[str] = field(default_factory=list)
    _terminals: dict[str, Terminal] = field(default_factory=dict)
    _running: list[subprocess.Popen[str]] = field(default_factory=list)
    _to_start: list[tuple[str, Command]] = field(default_factory=list)
    _ports: dict[str, str] = field(default_factory=dict)
    _folders: dict[Path, None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._ports = {f"127.0.0.1:{usual}": f"127.0.0.1:{self.free_port()}" for usual in (8080, 7233, 8233)}
        for name in CHECKED_OUT:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.scratch / name)
        (self.scratch / ".venv").mkdir()
        (self.scratch / ".venv" / "bin").symlink_to(Path(sys.executable).parent)
        temporal = self.scratch / ".bin" / "temporal"
        temporal.parent.mkdir()
        address = self._ports["127.0.0.1:7233"]
        temporal.write_text(f'#!/bin/sh\nexec "{self.temporal_cli}" "$@" --address {address}\n', encoding="utf-8")
        temporal.chmod(0o755)
        (self.scratch / ".curlrc").write_text('fail\nsilent\nshow-error\nnoproxy = "127.0.0.1"\n', encoding="utf-8")

    def read(self, block: Block) -> None:
        """Do what one block says; raises AssertionError where it does not go as the document says."""
        if block.not_run is not None:
            self.left_out += [f"line {block.line}: {block.not_run}"]
        elif block.language == "console":
            for command in commands(block):
                self._type(command)
        elif block.language == "diff":
            self._change(block)
        elif block.language in FILES and (block.language != "yaml" or "/" in block.file):
            self._save(block)

    def close(self) -> None:
        """The document is over: nothing is wrong with the folders it wrote, and what it started is stopped cleanly."""
        for typed, command in self._to_start:
            self.left_out.append(f"line {command.line}: {typed}: nothing is typed after it")
        for process in reversed(self._running):
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=60) for process in self._running]
        assert codes == [0] * len(codes)
        for folder in self._folders:
            loaded, _ = check_folder(folder)
            assert loaded.problems == (), "\n".join(str(problem) for problem in loaded.problems)

    def kill(self) -> None:
        """Leave nothing behind, whatever went wrong."""
        for process in self._running:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(timeout=30)
                except subprocess.TimeoutExpired:
                    process.kill()

    # --- files ------------------------------------------------------------------------------------------------------

    def _save(self, block: Block) -> None:
        path = self._at(block.terminal).folder / block.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
        if path.suffix == ".yaml":
            self._folders[path.parent] = None

    def _change(self, block: Block) -> None:
        path = self._at(block.terminal).folder / block.file
        removed, added = (
            "".join(f"{line[1:]}\n" for line in block.text.splitlines() if line.startswith(sign)) for sign in "-+"
        )
        text = path.read_text(encoding="utf-8")
        assert text.count(removed) == 1, f"line {block.line}: {removed!r} does not stand once in {block.file}"
        path.write_text(text.replace(removed, added), encoding="utf-8")

    # --- commands ---------------------------------------------------------------------------------------------------

    def _type(self, command: Command) -> None:
        typed = command.typed
        other = NOT_AS_WRITTEN.get(command.bare) or NOT_AS_WRITTEN.get(" ".join(command.bare.split()[:2]))
        if other is not None:
            if other.instead is None:
                self.left_out.append(f"line {command.line}: {command.bare}: {other.why}")
                return
            typed = other.instead
        program = typed.split()[0]
        assert program in PROGRAMS, f"line {command.line}: {program!r} is unknown: mark the block `no-run: why`"
        if typed.partition("#")[0].strip() in ENDLESS:
            self._to_start.append((typed, command))
            return
        if not typed.startswith("export "):
            while self._to_start:
                self._start(*self._to_start.pop(0))
        shown = [self._here(line) for line in command.shown]
        end = time.monotonic() + (PATIENCE if _asks(typed) else 0)
        while True:
            code, output = self._run(self._here(typed), self._at(command.terminal))
            missing = lacking(shown, output)
            if (code == command.code and missing is None) or time.monotonic() > end:
                break
            time.sleep(0.5)
        said = f"line {command.line}: {command.typed}\n{output}"
        assert code == command.code, f"{said}\nended with {code}, not {command.code}"
        assert missing is None, f"{said}\ndoes not show: {missing}"

    def _run(self, typed: str, terminal: Terminal) -> tuple[int, str]:
        """The exit code and all that was printed; the terminal keeps where the command went and what it exported."""
        after = self.scratch / ".after"
        script = f'{typed}\n__code=$?\n{{ pwd; env -0; }} > "{after}"\nexit $__code\n'
        done = subprocess.run(
            ["bash", "-c", script],
            cwd=terminal.folder,
            env=terminal.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        folder, _, exported = after.read_text(encoding="utf-8").partition("\n")
        terminal.folder = Path(folder)
        terminal.environment = dict(pair.split("=", 1) for pair in exported.split("\0") if pair)
        return done.returncode, done.stdout

    def _start(self, typed: str, command: Command) -> None:
        """Start what does not end by itself, and wait until it says that it is ready."""
        terminal, shown = self._at(command.terminal), [self._here(line) for line in command.shown]
        log = self.scratch / f"terminal-{command.terminal}.log"
        with log.open("w", encoding="utf-8") as errors:
            process = subprocess.Popen(
                typed.partition("#")[0].split(),
                cwd=terminal.folder,
                env=terminal.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self._running.append(process)
        assert process.stdout is not None
        ready = process.stdout.readline()
        process.stdout.close()
        said = f"{ready}{log.read_text(encoding='utf-8')}"
        assert ready.startswith("ready web="), f"line {command.line}: {command.typed}\n{said}"
        assert lacking(shown, said) is None, f"line {command.line}: {lacking(shown, said)} is not in\n{said}"

    def _at(self, name: str) -> Terminal:
        if name not in self._terminals:
            first = self._terminals.get("1")
            folder = first.folder if first is not None else self.scratch
            self._terminals[name] = Terminal(folder, self._fresh())
        return self._terminals[name]

    def _fresh(self) -> dict[str, str]:
        """The environment of a terminal that was just opened, with the ports of this document."""
        own = ("NURTURE_", "TEMPORAL_", "SENDGRID_")
        web, temporal, ui = self._ports.values()
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith(own)},
            "PATH": ":".join((str(self.scratch / ".venv" / "bin"), str(self.scratch / ".bin"), os.environ["PATH"])),
            "PWD": str(self.scratch),
            "CURL_HOME": str(self.scratch),
            "COLUMNS": "150",
            "NO_COLOR": "1",
            "NURTURE_TEMPORAL_CLI": str(self.temporal_cli),
            "NURTURE_WEB": web,
            "NURTURE_TEMPORAL_PORT": temporal.rpartition(":")[2],
            "NURTURE_TEMPORAL_UI_PORT": ui.rpartition(":")[2],
        }

    def _here(self, text: str) -> str:
        """The text with this document's ports in place of the usual ones."""
        for usual, own in self._ports.items():
            text = text.replace(usual, own)
        return text


def _asks(typed: str) -> bool:
    changes = typed.startswith("curl") and any(f" {option}" in typed for option in ("-X", "-d", "--data", "-F"))
    return typed.startswith(QUESTIONS) and not changes
