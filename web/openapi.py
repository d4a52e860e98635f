"""Describes the routes as OpenAPI, with every problem they answer; refuses to know what a route does."""

from __future__ import annotations

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from web.problems import MEDIA_TYPE

_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "An error (RFC 9457): what happened, where, and what to do next.",
    "required": ["type", "title", "status", "detail", "what", "where", "do"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "what": {"type": "string"},
        "where": {"type": "string"},
        "do": {"type": "string"},
    },
}
_METHODS = ("get", "post", "put", "patch", "delete")
_OPEN = ("/webhooks/", "/health/", "/metrics")
"""Routes that are not counted: probes, and the webhook with its signature."""


def install(app: FastAPI) -> None:
    """Let the app describe itself so, made once when it is asked for."""

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _described(app)
        return app.openapi_schema

    app.openapi = described  # type: ignore[method-assign]  # the documented way to extend it


def _described(app: FastAPI) -> dict[str, Any]:
    schema: dict[str, Any] = get_openapi(title=app.title, version=app.version, summary=app.summary, routes=app.routes)
    components = schema.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "description": "`nurture keys add`"}}
    for path, methods in schema["paths"].items():
        for method in _METHODS:
            if method in methods:
                _complete(path, methods[method])
    return schema


def _complete(path: str, operation: dict[str, Any]) -> None:
    if _guarded(path):
        operation["security"] = [{"key": []}]
    answers = operation["responses"]
    if "HTTPValidationError" in str(answers.get("422")):  # FastAPI's own shape of it, which nobody answers
        del answers["422"]
    for status in _problems(path, operation):
        answers.setdefault(str(status), {"description": HTTPStatus(status).phrase})
    for status, answer in answers.items():
        if int(status) >= 400 and "content" not in answer:
            answer["content"] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    operation["responses"] = dict(sorted(answers.items()))


def _guarded(path: str) -> bool:
    return path.startswith("/api/") or path == "/events"


def _problems(path: str, operation: dict[str, Any]) -> Iterator[int]:
    given = operation.get("parameters", [])
    yield 503
    if _guarded(path):
        yield from (401, 403)
    if not path.startswith(_OPEN):
        yield 429
    if any(each["in"] == "path" for each in given):
        yield 404
    if "requestBody" in operation:
        yield from (400, 413, 415)
    if given or "requestBody" in operation:
        yield 422
