"""Makes the JSON Schemas of the files in `scenarios/` from their models; refuses to write them anywhere."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from nurture.durations import Duration
from nurture.loading import FrontMatter
from nurture.reading import FILES, SCENARIO, adapter

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TITLES = {
    SCENARIO: "A scenario of Nurture",
    "attributes": "attributes.yaml: what can be known of a lead",
    "events": "events.yaml: own event types and known subjects",
    "segments": "segments.yaml: named sets of leads",
    "journey_map": "journey_map.yaml: the phases of a lead's journey",
    "score": "score.yaml: points for what a lead is and does",
    "hot_lead": "hot_lead.yaml: the agreed definition of a hot lead",
    "forms": "forms.yaml: form pages",
    "sender": "sender.yaml: whose mails these are, and when they may go",
    "sales": "sales.yaml: reps and queues",
}


def schemas() -> dict[str, dict[str, Any]]:
    """The schema of every kind of file, by its name without `.schema.json`."""
    return {kind: _schema(kind) for kind in (SCENARIO, *FILES)}


def front_matter_schema() -> dict[str, Any]:
    """The schema of what stands above the body of a template; no file of its own, so no editor reads it."""
    return TypeAdapter(FrontMatter).json_schema(by_alias=True, mode="validation", schema_generator=_AsWritten)


def _schema(kind: str) -> dict[str, Any]:
    made = adapter(kind).json_schema(by_alias=True, mode="validation", schema_generator=_AsWritten)
    return {"$schema": DIALECT, **made, "title": _TITLES[kind]}


class _AsWritten(GenerateJsonSchema):
    """Shows defaults in the form people write: a duration as 30d."""

    def encode_default(self, dft: Any) -> Any:
        return str(dft) if isinstance(dft, Duration) else super().encode_default(dft)
