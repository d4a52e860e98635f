"""The form pages: shows them, and keeps what is posted to them; refuses to ask who is there, and to follow anybody."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Request
from python_multipart.multipart import parse_options_header
from sqlalchemy.exc import IntegrityError
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, RedirectResponse, Response

from adapters.database.confirmations import Asking
from adapters.database.engine import writing
from adapters.database.forms import Answers, Submitted, submit
from adapters.database.keepable import Unreadable
from adapters.database.page_views import sign_up
from nurture.definitions import Definitions, Form, FormConsent
from nurture.errors import near_names
from web.context import Here, Nurture
from web.form_fields import Complaint, Field, fields_of, read_answers, said
from web.json_body import json_of
from web.page_view_in import VISITOR as VISITOR_ID
from web.problems import MEDIA_TYPE, Refusal, problem
from web.session import language_of, templates
from web.urlencoded import fields_of_body

router = APIRouter(tags=["forms"])

TRAP = "website"
"""A field that no person sees. Whoever fills it in is a machine."""
SHARED_THANKS = "/thanks"
TOKEN, WORDING, VISITOR = "_token", "_wording", "_visitor"
_FORM, _JSON = "application/x-www-form-urlencoded", "application/json"
_LONGEST_ID = 200

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Shown:
    """One form as it stands now, ready to be shown or read."""

    name: str
    form: Form
    definitions: Definitions

    @property
    def language(self) -> str:
        return self.form.language or "ja"

    @property
    def japanese(self) -> bool:
        return self.language.startswith("ja")

    @property
    def fields(self) -> tuple[Field, ...]:
        return fields_of(self.form, self.definitions, japanese=self.japanese)

    @property
    def trap(self) -> str:
        return TRAP if TRAP not in self.form.fields else f"{TRAP}_2"

    @property
    def consent(self) -> FormConsent | None:
        """What is agreed to; without a topic there is nothing that could be sent."""
        return self.form.consent if self.form.topic is not None else None

    @property
    def confirms(self) -> bool:
        """True where the consent counts only once a mail has confirmed it, whoever gives it."""
        return self.form.confirm is not None and self.form.confirm_only is None and self.consent is not None

    @property
    def confirms_return(self) -> bool:
        """True where only who has unsubscribed confirms by mail. Everybody sees the same page."""
        return self.form.confirm is not None and self.form.confirm_only is not None and self.consent is not None

    @property
    def wording(self) -> str:
        """Changes with every change of what is agreed to, also where the version was forgotten."""
        consent = self.consent
        if consent is None:
            return "none"
        return hashlib.sha256(f"{consent.version}\n{consent.text}".encode()).hexdigest()[:16]

    @property
    def thanks(self) -> str:
        """A path of this site, whatever was written. Only the form's own page says that a mail is to be answered."""
        target = self.form.thanks or ""
        if self.confirms and target == SHARED_THANKS:
            target = ""
        inside = target.startswith("/") and not target.startswith(("//", "/\\"))
        return target if inside else f"/forms/{quote(self.name, safe='')}/thanks"


@router.get("/forms/{form}", include_in_schema=False)
def show_form(request: Request, here: Here, form: str) -> Response:
    """The empty form. Looking at it notes nothing and sets no cookie."""
    shown = _find(here, form)
    if shown is None:
        return _unknown(request, here, form)
    # the page comes back with its token when one goes back to it: no second event is made then
    return _page(request, shown, token=secrets.token_urlsafe(16), headers={"cache-control": "private, no-cache"})


@router.get("/forms/{form}/thanks", include_in_schema=False)
def thanks_of_form(request: Request, here: Here, form: str) -> Response:
    """Where a form leads that names no page of its own."""
    shown = _find(here, form)
    if shown is None:
        return _unknown(request, here, form)
    return _render(
        request, "form_thanks.html", shown.language, title=shown.form.title, confirms=shown.confirms,
        confirms_return=shown.confirms_return,        sender=shown.definitions.sender,
    )  # fmt: skip


@router.get(SHARED_THANKS, include_in_schema=False)
def thanks(request: Request, here: Here) -> Response:
    """The page that several forms can share."""
    return _render(request, "form_thanks.html", language_of(request), title=None, sender=here.store.current().sender)


_BODY = {
    "required": True,
    "content": {
        _JSON: {"schema": {"type": "object", "required": ["email"]}, "example": {"email": "lead@example.com"}},
        _FORM: {"schema": {"type": "object", "required": ["email"]}},
    },
}


_PAGE_OR_PROBLEM: dict[str, Any] = {
    "text/html": {"schema": {"type": "string"}},
    MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}},
}


@router.post(
    "/forms/{form}",
    status_code=303,
    summary="Fill in a form: the lead, its consent and the form's event",
    openapi_extra={"requestBody": _BODY},
    responses={
        202: {"description": "JSON: {event}"},
        303: {"description": "A page: on to the thank-you page"},
        404: {"description": "There is no such form", "content": _PAGE_OR_PROBLEM},
        422: {"description": "A field is missing or wrong", "content": _PAGE_OR_PROBLEM},
    },
    response_class=Response,
)
async def post_form(request: Request, here: Here, form: str) -> Response:
    """Posting is the consent, since the page shows the wording. Unknown fields are ignored, empty ones change nothing.

    The same JSON `id` with the same address counts once.
    """
    return await run_in_threadpool(_post, request, here, form, await request.body())


def _post(request: Request, here: Nurture, name: str, body: bytes) -> Response:
    kind, options = parse_options_header(request.headers.get("content-type", _FORM))
    shown = _find(here, name)
    if shown is None:
        return _unknown(request, here, name)
    match kind.decode("latin-1"):
        case "application/json":
            return _of_json(here, shown, _json(body))
        case "application/x-www-form-urlencoded" if body.lstrip().startswith(b"{"):  # a page would send it as %7B
            raise Refusal(
                415, "the body looks like JSON and was not sent as such", where="header Content-Type",
                do=f"send the header Content-Type: {_JSON}",
            )  # fmt: skip
        case "application/x-www-form-urlencoded":
            return _of_page(request, here, shown, fields_of_body(body, options.get(b"charset", b"").decode("latin-1")))
        case other:
            raise Refusal(
                415, f"a form is not read as {other}", where="header Content-Type", do=f"send {_FORM} or {_JSON}"
            )


def _of_json(here: Nurture, shown: _Shown, told: Mapping[str, Any]) -> Response:
    token = told.get("id", "") if "id" not in shown.form.fields else ""
    if not isinstance(token, str) or len(token) > _LONGEST_ID:
        raise Refusal(422, f"the id is not a text of up to {_LONGEST_ID} characters", where="body.id", do="mend it")
    answers, wrong = read_answers(shown.fields, told, shown.definitions)
    if answers is None:
        found = [{"where": f"body.{field}", "what": said(why, japanese=False)} for field, why in wrong.items()]
        first = found[0]
        return problem(
            422, first["what"], where=first["where"], do="mend it and send it again", details={"problems": found}
        )
    kept = _keep(here, shown, answers, token or secrets.token_urlsafe(16), _visitor(told))
    return JSONResponse({"event": kept.event}, status_code=202)  # whose address it is, a stranger is not told


def _of_page(request: Request, here: Nurture, shown: _Shown, told: Mapping[str, Any]) -> Response:
    onward = RedirectResponse(shown.thanks, status_code=303)
    if told.get(shown.trap):
        _log.warning("form_filled_in_by_a_machine", form=shown.name)
        return onward
    token = _text(told, TOKEN) or secrets.token_urlsafe(16)
    answers, wrong = read_answers(shown.fields, told, shown.definitions)
    older = _text(told, WORDING) not in ("", shown.wording)  # what this person read is not what stands here now
    if answers is None or older:
        return _page(
            request, shown, token=token, told=told, wrong=wrong, older=older, status=422,
            headers={"cache-control": "no-store"},
        )  # fmt: skip
    _keep(here, shown, answers, token, _visitor(told))
    return onward  # the same for a known and an unknown address


def _keep(here: Nurture, shown: _Shown, answers: Answers, token: str, visitor: str) -> Submitted:
    try:
        return _submit(here, shown, answers, token, visitor)
    except IntegrityError:
        return _submit(
            here, shown, answers, token, visitor
        )  # the same new address was posted twice at once: now it is known


def _submit(here: Nurture, shown: _Shown, answers: Answers, token: str, visitor: str) -> Submitted:
    with writing(here.engine) as connection:
        moment = Asking(here.clock.now(), datetime.now(UTC), here.clock.epoch.speed)
        kept = submit(connection, shown.name, shown.form, answers, token=token, store=here.store, moment=moment)
        if visitor and not kept.again:
            keep = timedelta(days=here.settings.page_view_days)
            sign_up(connection, visitor, kept.lead, store=here.store, now=moment.now, keep=keep)
        return kept


def _json(body: bytes) -> Mapping[str, Any]:
    do = 'send {"email": "…"} in UTF-8'
    content = json_of(body, do=do)
    if isinstance(content, Unreadable):
        raise Refusal(422, content.reason, where="body", do="write each field once, several values as a list")
    if not isinstance(content, dict):
        raise Refusal(422, "the body is not an object", where="body", do=do)
    return content


def _text(told: Mapping[str, Any], name: str) -> str:
    value = told.get(name, "")
    return value if isinstance(value, str) else ""


def _visitor(told: Mapping[str, Any]) -> str:
    """The id of the browser, as the page snippet gives it; empty where there is none, or no such one."""
    said = _text(told, VISITOR)
    return said if VISITOR_ID.fullmatch(said) else ""


def _find(here: Nurture, name: str) -> _Shown | None:
    definitions = here.store.current()
    if name not in definitions.forms:  # it may have been deployed a moment ago
        here.store.refresh()
        definitions = here.store.current()
    form = definitions.forms.get(name)
    return None if form is None else _Shown(name, form, definitions)


def _page(
    request: Request,
    shown: _Shown,
    *,
    token: str,
    told: Mapping[str, Any] | None = None,
    wrong: Mapping[str, Complaint] | None = None,
    older: bool = False,
    status: int = 200,
    headers: Mapping[str, str],
) -> Response:
    fields, complaints = shown.fields, wrong or {}
    visitor = _visitor(told or request.query_params)
    values = {field.name: _filled_in(told or {}, field) for field in fields}
    messages = {name: said(complaint, japanese=shown.japanese) for name, complaint in complaints.items()}
    first = next((field.name for field in fields if field.name in messages), fields[0].name if fields else None)
    return _render(
        request, "form.html", shown.language, status=status, headers=headers, title=shown.form.title or shown.name,
        fields=fields, values=values, messages=messages, first=first, older=older, trap=shown.trap,
        hidden={TOKEN: token, WORDING: shown.wording, **({VISITOR: visitor} if visitor else {})},
        consent=shown.consent, confirms=shown.confirms, confirms_return=shown.confirms_return,
        sender=shown.definitions.sender,
    )  # fmt: skip


def _filled_in(told: Mapping[str, Any], field: Field) -> str:
    value = told.get(field.name, "")
    several = value if isinstance(value, list) else [value]
    return "、".join(each for each in several if isinstance(each, str))


def _unknown(request: Request, here: Nurture, name: str) -> Response:
    near = near_names(name, here.store.current().forms)
    if "text/html" in request.headers.get("accept", ""):
        return _render(request, "form_unknown.html", language_of(request), status=404, near=near)
    hint = f"did you mean {' or '.join(repr(each) for each in near)}?" if near else "look at forms.yaml for the names"
    return problem(404, f"there is no form {name!r}", where="path.form", do=hint, details={"near": list(near)})


def _render(
    request: Request,
    name: str,
    language: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> Response:
    """A page without a session: strangers get no cookie."""
    context = {"language": language, "ja": language.startswith("ja"), **values}
    return templates.TemplateResponse(request, name, context, status_code=status, headers=dict(headers or {}))
