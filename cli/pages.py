"""Renders reports as self-contained pages: no script, no asset from elsewhere, light and dark, good to print."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from nurture.errors import NurtureError


def page(template: str, language: str, **shown: Any) -> str:
    """One page of cli/templates; what is shown in it is escaped."""
    return _environment().get_template(template).render(language=language, **shown)


def write_page(path: Path, text: str) -> None:
    """Save a page; raises NurtureError where it cannot be written."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        do = "name a file in a folder that exists and that you may write to"
        raise NurtureError(f"the page cannot be written: {error.strerror}", where=str(path), do=do) from error


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("cli"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
