"""Answers at the link of a mail that no person sees; refuses to note who came: the provider tells of clicks."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from adapters.mail.rendering import HIDDEN_PATH

router = APIRouter(include_in_schema=False)


@router.api_route(HIDDEN_PATH, methods=["GET", "HEAD"])
async def hidden() -> Response:
    """Nothing to see: 204."""
    return Response(status_code=204)
