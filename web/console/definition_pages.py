"""Shows what was deployed: files with their problems, who deployed when, what differs; refuses to change it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from adapters.database import deployments
from adapters.database.engine import reading
from adapters.scenario_folder import check_texts
from nurture.checks.rules import RULES
from nurture.errors import MissingDeployment, Problem, UnknownName
from nurture.reference.japanese_rules import RULES as RULES_IN_JAPANESE
from web.console.source_view import differences, files_of, source_lines
from web.console.times import local_times
from web.context import Here, Nurture
from web.kept import Kept
from web.pages import Cursor, following_url
from web.problems import Refusal
from web.security import READER
from web.session import language_of, render

router = APIRouter(prefix="/definitions", include_in_schema=False, dependencies=[READER])

_ON_A_PAGE = 20
Number = Annotated[int, Query(ge=1, le=2**31 - 1)]
Problems = tuple[Problem, ...]


def findings() -> Kept[Problems]:
    """Where a process keeps what the check says of deployments, which never change."""
    return Kept(seconds=7 * 24 * 3600, most=20)


@router.get("")
def definitions_page(
    request: Request,
    here: Here,
    file: Annotated[str, Query(max_length=300)] = "",
    deployment: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    checked: Annotated[bool, Query()] = False,
    cursor: Cursor = None,
) -> Response:
    """The files of a deployment, the current one where none is named; one of them line by line; every deployment.

    The first time what the check says comes after, or with it where `checked` asks for it.
    """
    current = here.store.current().number
    number = deployment or current
    if not number:
        return render(request, "console/definitions.html", number=0)
    files = _files(here, number)
    found = _problems(request, number, files, wait=checked)
    problems = found or ()
    if file and file not in files:
        raise UnknownName("file", file, files, where=f"deployment {number}")
    name = file or next(iter(sorted(files, key=lambda each: ("/" in each, each))), "")
    lines = source_lines(files.get(name, ""), [each for each in problems if each.file == name])
    with reading(here.engine) as connection:
        listed, following = deployments.page(connection, _ON_A_PAGE, cursor)
    return render(
        request, "console/definitions.html", number=number, current=current, file=name, lines=lines,
        files=files_of(files, problems), there=files, problems=problems, unchecked=found is None, listed=listed,
        older=following_url(request, following, limit=_ON_A_PAGE),
        rules=RULES_IN_JAPANESE if language_of(request) == "ja" else RULES, **local_times(here),
    )  # fmt: skip


@router.get("/compare")
def compare_page(request: Request, here: Here, older: Number, newer: Number) -> Response:
    """What differs between two deployments, file by file."""
    before, after = (_files(here, number) for number in (older, newer))
    return render(
        request, "console/definitions_compare.html", older=older, newer=newer, found=differences(before, after)
    )


def _files(here: Nurture, number: int) -> dict[str, str]:
    try:
        return here.store.files(number)
    except MissingDeployment as error:
        do = "look at /definitions: it lists every deployment"
        raise Refusal(404, f"there is no deployment {number}", where="the number of the deployment", do=do) from error


def _problems(request: Request, number: int, files: dict[str, str], *, wait: bool) -> Problems | None:
    kept: Kept[Problems] = request.app.state.findings
    return kept.get(number, lambda: check_texts(files).problems) if wait else kept.peek(number)
