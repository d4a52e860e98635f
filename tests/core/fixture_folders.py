"""Finds the fixtures in tests/scenarios and makes folders of them; refuses to know what is right.

A fixture is one file (`ok/NAME.yaml`, a scenario) or a folder (`err/NAME/…`), laid over tests/scenarios/base.
A file `without` in the folder lists files of the base that are taken away. What `nurture check` prints stands in
`NAME.out`, or `expected.out` in the folder; a fixture in `ok` without such a file has no problem at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent / "scenarios"
BASE = ROOT / "base"


@dataclass(frozen=True, slots=True)
class Fixture:
    """One fixture, by its kind and name."""

    kind: str
    name: str

    @property
    def folder(self) -> Path:
        return ROOT / self.kind / self.name

    @property
    def single(self) -> Path:
        return ROOT / self.kind / f"{self.name}.yaml"

    @property
    def expected(self) -> Path:
        """What the check prints of it."""
        return self.folder / "expected.out" if self.folder.is_dir() else self.single.with_suffix(".out")

    def texts(self) -> dict[str, str]:
        """The folder as the check reads it."""
        files = texts_of(BASE)
        if not self.folder.is_dir():
            return {**files, self.single.name: self.single.read_text(encoding="utf-8")}
        own = texts_of(self.folder)
        without = own.pop("without", "").split()
        own.pop("expected.out", None)
        return {name: text for name, text in {**files, **own}.items() if name not in without}


def texts_of(folder: Path) -> dict[str, str]:
    """Every text below a folder, by relative path."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def fixtures(kind: str) -> list[Fixture]:
    """All fixtures of a kind, in order of name."""
    names = {path.stem if path.is_file() else path.name for path in (ROOT / kind).iterdir()}
    return [Fixture(kind, name) for name in sorted(names)]
