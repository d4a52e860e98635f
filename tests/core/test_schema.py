"""The JSON Schemas for editors are those of the models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.schema import schema_text, write_schemas
from nurture.loading import load
from nurture.reading import FILES
from nurture.schema import schemas
from nurture.yaml_text import read_yaml
from tests.core.fixture_folders import Fixture, fixtures

SCHEMAS = schemas()
FOLDER = Path(__file__).parents[2] / "scenarios" / "schema"


def errors(kind: str, data: Any) -> list[str]:
    """What an editor would underline."""
    return [error.message for error in Draft202012Validator(SCHEMAS[kind]).iter_errors(data)]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_committed_schema_is_current(kind: str) -> None:
    """`nurture schema` would write nothing new."""
    Draft202012Validator.check_schema(SCHEMAS[kind])
    assert (FOLDER / f"{kind}.schema.json").read_text(encoding="utf-8") == schema_text(SCHEMAS[kind])


def test_every_kind_of_file_has_its_schema(tmp_path: Path) -> None:
    """A scenario and nine other files."""
    written = write_schemas(tmp_path)
    assert sorted(path.name for path in written) == sorted(f"{kind}.schema.json" for kind in ("scenario", *FILES))
    assert len(written) == 10


@pytest.mark.parametrize("fixture", fixtures("ok"), ids=lambda fixture: fixture.name)
def test_what_the_check_accepts_an_editor_accepts(fixture: Fixture) -> None:
    """Every file of a sound folder is valid by its schema."""
    texts = fixture.texts()
    for source in load(texts).folder.sources.values():
        assert errors(source.kind, read_yaml(texts[source.file], file=source.file).data) == []


@pytest.mark.parametrize(
    "condition",
    [
        "opened",
        {"attended": "seminar"},
        {"opened": "any"},
        {"did": "any", "within": "180d"},
        {"did": {"attended": "seminar"}, "at_least": 2},
        {"attribute": "x", "in": ["a", 1, True]},
        {"attribute": "x", "is": "a"},
        {"attribute": "x", "known": False},
        {"score": "total", "at_least": 1.5},
        {"segment": "s"},
        {"phase": "p"},
        {"phase": {"at_least": "p"}},
        {"hot": True},
        {"outcome": "won"},
        {"outcome": ["won", "lost"]},
        {"all": ["opened", {"any": [{"not": "clicked"}, {"not": ["clicked", "replied"]}]}]},
    ],
)
def test_every_condition_is_one_in_the_schema_too(condition: Any) -> None:
    """Each form of the language is valid, and by one alternative only."""
    assert errors("segments", {"s": {"when": condition}}) == []


@pytest.mark.parametrize(
    "condition",
    [5, ["opened"], {}, {"opened": "any", "within": "3d"}, {"did": "any", "within": 3}, {"attribut": 1}, {"all": []},
     {"hot": "yes"}, {"phase": 1}, {"not": []}],
)  # fmt: skip
def test_what_is_no_condition_is_none_in_the_schema(condition: Any) -> None:
    """The schema refuses what the reader refuses."""
    assert errors("segments", {"s": {"when": condition}}) != []


@pytest.mark.parametrize(
    "step",
    [
        {"send": "a"},
        {"send": ["a", "b"]},
        {"send": {"template": "a", "within": "1d"}},
        {"send": {"template": ["a", "b"]}},
        {"send": {"split": {"a": 50, "none": 50}}},
        {"wait": "3d"},
        {"wait": {"until": ["opened"], "timeout": "5bd"}},
        {"wait": {"until": ["opened"], "by": {"attribute": "d", "offset": "-3d", "at": "09:00"}}},
        {"then": "a"},
        {"then": [{"when": "opened", "go": "a"}, {"when": "opened", "finish": "x"}, {"otherwise": "b"}]},
        {"then": [{"when": "opened", "split": {"a": 50, "b": 50}}, {"split": {"a": 100}}]},
        {"notify": {"to": "q", "text": "t"}},
        {"set": {"attribute": "a", "to": [1, "b"]}},
        {"set": {"attribute": "a", "to": None}},
        {"enroll": {"scenario": "s"}},
        {"handoff": {"queue": "q", "note": "n"}},
        {"finish": "x"},
        {"skip": {"when": "opened", "go": "a"}, "max_visits": 3, "when_exhausted": "a", "when_refused": "b"},
    ],
)
def test_every_shorthand_of_a_step_is_in_the_schema(step: dict[str, Any]) -> None:
    """What people may write short is no error in the editor."""
    assert errors("scenario", {"scenario": "t", "start": "a", "steps": {"a": step}}) == []


def test_the_schema_is_json() -> None:
    """No value in it would be lost in the file."""
    assert json.loads(schema_text(SCHEMAS["scenario"])) == SCHEMAS["scenario"]
