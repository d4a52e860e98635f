"""Texts become definitions, and mistakes become problems; nothing in a text can make loading fail."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.scenario_folder import FolderUnreadable, check_folder, read_folder
from cli.check import as_data, check_command, report, summary
from nurture.errors import DefinitionsRefused, Problem
from nurture.loading import definitions_of, load
from nurture.yaml_text import read_yaml
from tests.core.fixture_folders import BASE, texts_of

SMALL = "scenario: t\nstart: done\nsteps: {done: {finish: done}}\n"
SHIPPED = Path(__file__).parents[2] / "scenarios"


def test_the_shipped_scenarios_have_no_problem() -> None:
    """What a new user starts with passes its own check."""
    loaded, _ = check_folder(SHIPPED)
    assert loaded.problems == ()


def test_files_become_definitions() -> None:
    """Fixed names, scenarios and templates are all there; number and holidays are handed through."""
    holiday = date(2026, 11, 3)
    definitions = load(texts_of(BASE), holidays=frozenset({holiday}), number=7).definitions
    assert definitions.number == 7
    assert definitions.holidays == {holiday}
    assert list(definitions.scenarios) == ["companion"]
    assert definitions.attributes["employees"].type == "number"
    assert definitions.phases == ("research", "comparison", "decision")
    assert definitions.sender is not None
    assert definitions.sender.from_.email == "news@example.co.jp"
    template = definitions.templates["welcome", "ja"]
    assert template.subject.startswith("ご案内")
    assert template.body.startswith("{{ lead.attributes.company")
    assert len(template.sha256) == 64


def test_one_run_reads_a_text_as_often_as_asked_with_the_same_answer() -> None:
    """Reading is a function of the texts: mending a copy of a broken file leaves nothing behind."""
    broken = {"t.yaml": SMALL.replace("finish: done", "finsh: done")}
    first, again = load(broken), load(dict(broken))
    assert first.problems == again.problems
    assert [problem.rule for problem in first.problems] == ["unknown-key"]


def test_a_folder_with_errors_gives_no_definitions() -> None:
    """The refusal carries every problem."""
    with pytest.raises(DefinitionsRefused) as refused:
        definitions_of({"t.yaml": SMALL.replace("start: done", "start: gone") + "tile: x\n"})
    assert {problem.rule for problem in refused.value.problems} >= {"unknown-step", "unknown-key"}


def test_a_stored_deployment_is_read_though_a_check_became_stricter() -> None:
    """Only what cannot be read at all takes a deployment away from the leads in it."""
    unreachable = {"t.yaml": SMALL.replace("{done:", "{lost: {finish: lost}, done:")}
    with pytest.raises(DefinitionsRefused):
        definitions_of(unreachable)
    assert "lost" in definitions_of(unreachable, stored=True).scenarios["t"].steps
    with pytest.raises(DefinitionsRefused):
        definitions_of({"t.yaml": "scenario: t\n"}, stored=True)


def test_warnings_are_no_hindrance() -> None:
    """A folder with warnings only is deployed."""
    files = texts_of(BASE) | {"templates/old.ja.md": "---\nsubject: 件名\n---\n本文\n"}
    loaded = load(files)
    assert [problem.severity for problem in loaded.problems] == ["warning"]
    assert loaded.ok
    assert definitions_of(files).scenarios


@pytest.mark.parametrize(
    "name", ["audience.yaml", "schema/scenario.schema.json", "leads.csv", "README.md", "old/t.yaml", "t.yaml.bak"]
)
def test_files_of_others_are_left_alone(name: str) -> None:
    """Anything that is neither a fixed name, a scenario nor a template is not read."""
    assert load({"t.yaml": SMALL, name: "scenario: [\n"}).problems == ()


def test_a_name_in_a_file_that_cannot_be_read_is_not_called_unknown() -> None:
    """One broken companion makes one problem, not one for every use of its names."""
    files = texts_of(BASE) | {"attributes.yaml": "employees: {type: number\n", "sales.yaml": "reps: [\n"}
    assert {(problem.file, problem.rule) for problem in load(files).problems} == {
        ("attributes.yaml", "yaml-syntax"),
        ("sales.yaml", "yaml-syntax"),
    }


def test_countries_are_checked_where_they_are_known() -> None:
    """Without a list of countries nothing is said of `holidays`."""
    files = texts_of(BASE)
    assert load(files).ok
    assert load(files, countries=frozenset({"JP"})).ok
    assert [problem.rule for problem in load(files, countries=frozenset({"us"})).problems] == ["unknown-holidays"]


# --- nothing makes loading fail -------------------------------------------------------------------------------------

_LEAF = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 200), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["a", "done", "opened", "3d", "-1d", "5bd", "any", "none", "x y", "", "inside_sales", "welcome"]),
)  # fmt: skip
_KEY = st.sampled_from(
    ["when", "go", "finish", "split", "otherwise", "send", "wait", "until", "timeout", "then", "did", "attribute",
     "not", "all", "any", "segment", "steps", "scenario", "a", "max_visits", "skip", "handoff", "x"]
)  # fmt: skip
_TREE = st.recursive(
    _LEAF,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEY, inner, max_size=3)),
    max_leaves=8,
)


def _with(data: Any, draw: st.DataObject) -> Any:
    """The data with one value somewhere in it replaced by another, or taken out."""
    if isinstance(data, dict) and data:
        key = draw.draw(st.sampled_from(sorted(data)))
        if draw.draw(st.integers(0, 3)) == 0:
            return {**data, key: draw.draw(_TREE)}
        if draw.draw(st.integers(0, 9)) == 0:
            return {other: value for other, value in data.items() if other != key}
        return {**data, key: _with(data[key], draw)}
    if isinstance(data, list) and data:
        index = draw.draw(st.integers(0, len(data) - 1))
        return [*data[:index], _with(data[index], draw), *data[index + 1 :]]
    return draw.draw(_TREE)


@given(st.data())
@settings(max_examples=400, deadline=None)
def test_no_data_makes_loading_fail(draw: st.DataObject) -> None:
    """Sound files with anything in any place give problems with places, never an exception."""
    files = {name: text for name, text in texts_of(SHIPPED).items() if name.endswith((".yaml", ".md"))}
    yamls = [name for name in files if name.endswith(".yaml")]
    for _ in range(draw.draw(st.integers(1, 4))):
        name = draw.draw(st.sampled_from(yamls))
        data = read_yaml(files[name], file=name).data
        files[name] = json.dumps(_with(data, draw), ensure_ascii=False)
    for problem in load(files, countries=frozenset({"jp"})).problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.file in files


# --- files and the terminal -----------------------------------------------------------------------------------------


def test_a_file_that_is_not_utf_8_is_told_with_its_place(tmp_path: Path) -> None:
    """The others are read and checked all the same."""
    (tmp_path / "t.yaml").write_text(SMALL, encoding="utf-8")
    (tmp_path / "bad.yaml").write_bytes(b"scenario: x\ntitle: " + "日本".encode("shift_jis"))
    loaded, texts = check_folder(tmp_path)
    assert [(each.file, each.line, each.column, each.rule) for each in loaded.problems] == [
        ("bad.yaml", 2, 8, "encoding")
    ]
    assert list(texts) == ["t.yaml"]
    with pytest.raises(DefinitionsRefused):
        read_folder(tmp_path)


def test_a_byte_order_mark_is_no_problem(tmp_path: Path) -> None:
    """Editors on Windows write one."""
    (tmp_path / "t.yaml").write_text("\ufeff" + SMALL, encoding="utf-8")
    assert read_folder(tmp_path) == {"t.yaml": SMALL}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """It is the one trouble that is not a problem in a file; the command ends with 2."""
    with pytest.raises(FolderUnreadable, match="there is no folder"):
        read_folder(tmp_path / "nowhere")
    assert check_command(tmp_path / "nowhere") == 2


def test_the_command_ends_with_0_or_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """0 without errors, and it says so; 1 with errors, each on a line of its own."""
    path = tmp_path / "t.yaml"
    path.write_text(SMALL, encoding="utf-8")
    assert check_command(tmp_path) == 0
    assert capsys.readouterr().out == "no problems in 1 file (1 scenario, 0 templates)\n"
    path.write_text(SMALL + "tile: x\n", encoding="utf-8")
    assert check_command(tmp_path) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"{path}:4:1: unknown key 'tile'; did you mean 'title'? [unknown-key]"
    assert lines[1:3] == ["    4 | tile: x", "      | ^"]
    assert lines[3] == "1 error in 1 file (1 scenario, 0 templates)"


def test_json_is_for_editors(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object per problem, and nothing else on stdout."""
    (tmp_path / "t.yaml").write_text(SMALL + "tile: x\n", encoding="utf-8")
    assert check_command(tmp_path, format="json") == 1
    (only,) = json.loads(capsys.readouterr().out)
    assert only == {
        "file": str(tmp_path / "t.yaml"),
        "line": 4,
        "column": 1,
        "message": "unknown key 'tile'; did you mean 'title'?",
        "rule": "unknown-key",
        "severity": "error",
    }
    assert as_data([], tmp_path) == []


def test_the_caret_stands_under_a_full_width_sign() -> None:
    """A full-width sign takes two columns of a terminal, a half-width one and a combining one none."""
    problem = Problem("f.yaml", 1, 5, "message", "rule")
    *_, caret = report([problem], {"f.yaml": "日本aが: x"})
    assert caret.plain == "      | " + " " * 7 + "^"


def test_a_long_line_is_cut_around_the_caret() -> None:
    """The place stays in sight."""
    problem = Problem("f.yaml", 1, 501, "message", "rule")
    _, line, caret = report([problem], {"f.yaml": "a" * 500 + "b" + "a" * 500})
    assert line.plain[caret.plain.index("^")] == "b"
    assert len(line.plain) < 200


def test_the_summary_counts() -> None:
    """Errors and warnings are told apart."""
    error, warning = Problem("f", 1, 1, "m", "r"), Problem("f", 1, 1, "m", "r", "warning")
    assert (
        summary([error, warning, warning], 3, 1, 2).plain == "1 error, 2 warnings in 3 files (1 scenario, 2 templates)"
    )


def test_what_cannot_be_read_is_named_and_the_rest_is_checked(tmp_path: Path) -> None:
    """A folder called like a file, and a link to nowhere: two problems among all others, in one run."""
    (tmp_path / "zz.yaml").mkdir()
    (tmp_path / "gone.yaml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "segments.yaml").write_text("a: {whn: {did: any}}\n")
    loaded, _ = check_folder(tmp_path)
    found = {(each.file, each.rule) for each in loaded.problems}
    assert {("zz.yaml", "unreadable-file"), ("gone.yaml", "unreadable-file"), ("segments.yaml", "unknown-key")} <= found
