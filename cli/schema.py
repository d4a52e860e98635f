"""Writes the JSON Schemas that editors read and the reference that people read; refuses to know what is in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nurture.reference import LANGUAGES, reference
from nurture.schema import schemas

FOLDER = "schema"


def schema_text(schema: dict[str, Any]) -> str:
    """A schema as it stands in its file."""
    return json.dumps(schema, ensure_ascii=False, indent=2) + "\n"


def write_schemas(directory: Path) -> list[Path]:
    """Write `<kind>.schema.json` for every kind of file into `directory`/schema; returns what was written."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for kind, schema in schemas().items():
        path = folder / f"{kind}.schema.json"
        path.write_text(schema_text(schema), encoding="utf-8", newline="\n")
        written.append(path)
    return written


def write_reference(directory: Path) -> list[Path]:
    """Write the scenario reference in every language into `directory`; returns what was written."""
    directory.mkdir(parents=True, exist_ok=True)
    written = []
    for language, name in LANGUAGES.items():
        path = directory / name
        path.write_text(reference(language), encoding="utf-8", newline="\n")
        written.append(path)
    return written
