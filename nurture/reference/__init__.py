"""Writes the scenario reference from the models, in English or Japanese; refuses to write it anywhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from nurture.checks.rules import RULES
from nurture.conditions import MAIL_EVENTS, WEB_EVENTS
from nurture.reading import SCENARIO
from nurture.reference import chapters, japanese_rules
from nurture.reference.examples import example
from nurture.reference.japanese import MODELS
from nurture.reference.tables import CONDITIONS, keys, models
from nurture.reference.words import ENGLISH, JAPANESE, Words, anchor
from nurture.schema import front_matter_schema, schemas

LANGUAGES = {"en": "scenario-reference.md", "ja": "scenario-reference.ja.md"}
"""Each language with the name of its page."""

Schema = Mapping[str, Any]


def reference(language: str) -> str:
    """The page as Markdown: files with their keys, conditions, events, durations, templates, rules of the check."""
    words = JAPANESE if language == "ja" else ENGLISH
    return "\n".join(line for chapter in _chapters(words) for line in (*chapter, ""))


def _chapters(words: Words) -> Iterator[list[str]]:
    described = schemas()
    yield [f"# {_prose('title', words)}", "", _prose("other", words), "", _prose("intro", words)]
    yield [_prose("editor", words)]
    yield [f"## {_prose('files', words)}"]
    for kind, schema in described.items():
        yield list(_file(kind, schema, words))
    yield list(_conditions(described[SCENARIO], words))
    events = _prose("about_events", words).replace("{mail}", _listed(MAIL_EVENTS)).replace("{web}", _listed(WEB_EVENTS))
    yield [f'## <a id="eventpattern"></a>{_prose("events", words)}', "", events]
    yield [f'## <a id="durations"></a>{_prose("durations", words)}', "", _prose("about_durations", words)]
    yield [f"## {_prose('templates', words)}", "", _prose("about_templates", words)]
    yield list(_model("FrontMatter", front_matter_schema(), words))
    yield list(_rules(words))


def _file(kind: str, schema: Schema, words: Words) -> Iterator[str]:
    """One kind of file: the file as a whole, then every model in it."""
    name = words.title("Scenario") if kind == SCENARIO else f"`{kind}.yaml`"
    yield from (f"### {name}", "", _prose(f"file:{kind}", words), "")
    if "properties" in schema:
        whole = {SCENARIO: "Scenario"}.get(kind, "".join(part.title() for part in kind.split("_")))
        yield from _body(whole, schema, words)
    for model in models(schema):
        yield from _model(model, schema["$defs"][model], words)


def _model(name: str, model: Schema, words: Words) -> Iterator[str]:
    meaning = MODELS[name] if words.language == "ja" else model["description"]
    yield from (f'#### <a id="{anchor(name)}"></a>{words.title(name)}', "", meaning, "")
    yield from _body(name, model, words)


def _body(name: str, model: Schema, words: Words) -> Iterator[str]:
    """The table of a model's keys, and its examples."""
    if "properties" in model:
        yield f"| {' | '.join(words.head)} |"
        yield "|---|---|---|---|"
        for key in keys(name, model, words):
            default = words.required if key.required else f"`{key.default}`" if key.default is not None else ""
            yield f"| `{key.name}` | {key.type} | {default} | {key.meaning.replace('|', chr(92) + '|')} |"
        yield ""
    for text in example(name, words.language):
        kind = "markdown scenarios/templates/example.ja.md" if text.startswith("---") else "yaml"
        yield from (f"```{kind}", *text.splitlines(), "```", "")


def _conditions(schema: Schema, words: Words) -> Iterator[str]:
    yield f'## <a id="condition"></a>{_prose("conditions", words)}'
    yield from ("", _prose("about_conditions", words), "")
    for name in CONDITIONS:
        yield from _model(name, schema["$defs"][name], words)


def _rules(words: Words) -> Iterator[str]:
    yield from (f"## {_prose('rules', words)}", "", _prose("about_rules", words), "")
    yield f"| {_prose('rule_head', words)} |"
    yield "|---|---|---|"
    for name, rule in sorted((japanese_rules.RULES if words.language == "ja" else RULES).items()):
        yield f"| `{name}` | {rule.finds} | {rule.mend} |"


def _prose(name: str, words: Words) -> str:
    return (chapters.JAPANESE if words.language == "ja" else chapters.ENGLISH)[name]


def _listed(events: tuple[str, ...]) -> str:
    return " ".join(f"`{event}`" for event in events)
