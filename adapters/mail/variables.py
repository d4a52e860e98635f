"""Fills the variables of a template and says which it needs; refuses to know Markdown, HTML or where values come from.

What a lead contributed never becomes part of the text that is read as Markdown: it is replaced by a placeholder of
digits, and the renderers put the value back when the structure of the mail is already decided.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError, Undefined, UndefinedError, nodes, pass_context
from jinja2.meta import find_undeclared_variables
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from nurture.definitions import Template
from nurture.errors import NurtureError

_DIGITS_OF_NUMBER = 6
_REGISTRY = "values_of_this_mail"
LONGEST_VALUE = 2000
CONFIRM_LINK = "confirm_link"
"""The variable that only the mail of a form's `confirm` can fill: the address at which the consent is confirmed."""
Origin = Literal["author", "lead", "engine"]


class TemplateUnreadable(NurtureError):
    """A template that cannot be read; `part` is subject, preheader or body, in which `line` counts from 1."""

    def __init__(self, template: str, part: str, line: int, message: str) -> None:
        super().__init__(
            f"template {template!r}: {message}", where=f"line {line} of its {part}", do="mend the template and deploy"
        )
        self.template, self.part, self.line, self.message = template, part, line, message


class TemplateBlocked(NurtureError):
    """A template that cannot be filled for one lead; `variable` is the dotted name, None where another fault stands."""

    def __init__(self, template: str, lead: str, *, variable: str | None = None, fault: str = "") -> None:
        what = f"has no value for {variable}" if variable else fault
        super().__init__(
            f"template {template!r} {what}" if variable else f"template {template!r}: {what}",
            where=f"lead {lead}",
            do=f"set it, or write {{{{ {variable} | default(…) }}}}" if variable else "mend the template and deploy",
        )
        self.template, self.lead, self.variable = template, lead, variable


class Address(str):
    """A URL made by the engine, fit to stand in a mail as it is."""

    __slots__ = ()


class Facts:
    """Names and values as a template sees them; a missing one is known by its whole dotted name.

    It has no public attributes of its own, so that an attribute called `values` or `items` is the lead's.
    """

    __slots__ = ("_known", "_path")

    def __init__(self, path: str, known: Mapping[str, Any]) -> None:
        self._path = path
        self._known = {name: value for name, value in known.items() if value is not None}

    def __getitem__(self, name: str) -> Any:
        return self._known[name]

    def __repr__(self) -> str:
        return f"<{self._path}>"


class _Unset(StrictUndefined):
    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if isinstance(self._undefined_obj, Facts):
            return f"{self._undefined_obj._path}.{self._undefined_name}"  # noqa: SLF001  # same module
        return str(self._undefined_name)


@dataclass
class Values:
    """The values of one mail and the placeholders that stand for them.

    A placeholder is a mark of 14 digits that occurs nowhere else, and a number of 6. Digits survive every Markdown
    and URL rule unchanged; the first digit of the mark does not come again in it, so marks cannot overlap.
    """

    mark: str
    language: str
    kept: list[str] = field(default_factory=list)

    def keep(self, value: Any) -> str:
        """The placeholder for a value; nothing for an empty one."""
        text = value if isinstance(value, Address) else self._readable(value)
        if not text:
            return ""
        self.kept.append(text)
        return f"{self.mark}{len(self.kept) - 1:0{_DIGITS_OF_NUMBER}d}"

    def parts(self, text: str) -> Iterator[tuple[Origin, str]]:
        """`text` cut at its placeholders, each replaced by its value, and who each piece is from."""
        end = 0
        for found in re.finditer(rf"{self.mark}([0-9]{{{_DIGITS_OF_NUMBER}}})", text):
            if found.start() > end:
                yield "author", text[end : found.start()]
            value = self.kept[int(found[1])]
            yield ("engine", str(value)) if isinstance(value, Address) else ("lead", self.put_back(value))
            end = found.end()
        if end < len(text):
            yield "author", text[end:]

    def put_back(self, text: str) -> str:
        """`text` with the values in place of their placeholders."""
        pattern = rf"{self.mark}([0-9]{{{_DIGITS_OF_NUMBER}}})"
        # A value made by a block of the template may hold placeholders itself; those are always older ones.
        return re.sub(pattern, lambda found: self.put_back(self.kept[int(found[1])]), text)

    def _readable(self, value: Any) -> str:
        if isinstance(value, bool):
            yes, no = ("はい", "いいえ") if self.language.startswith("ja") else ("yes", "no")
            return yes if value else no
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, list | tuple):
            return ("、" if self.language.startswith("ja") else ", ").join(self._readable(item) for item in value)
        printable = "".join(c if c.isprintable() or c.isspace() else " " for c in str(value))
        return " ".join(printable.split())[:LONGEST_VALUE]


@pass_context
def _keep(context: Context, value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises, naming the variable
    if value is None:
        return ""
    values: Values = context[_REGISTRY]
    return values.keep(value)


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=_Unset, finalize=_keep, autoescape=False, keep_trailing_newline=True
    )
    del environment.globals["lipsum"], environment.filters["random"]  # the same mail twice is the same text
    del environment.globals["range"]  # a mail goes through what a lead has, and never counts to a million
    return environment


_ENVIRONMENT = _environment()
_FAULTS = (TemplateError, ArithmeticError, TypeError, ValueError, LookupError, AttributeError, RecursionError)


@lru_cache(maxsize=512)
def _compiled(text: str) -> Any:
    return _ENVIRONMENT.from_string(text)


def values_for(template: Template, send_key: str, texts: str) -> Values:
    """An empty register whose mark occurs in none of `texts`."""
    number = int(template.sha256[:12] or "0", 16) if re.fullmatch(r"[0-9a-f]+", template.sha256) else len(send_key)
    while (mark := "7" + f"{number % 10**13:013d}".replace("7", "4")) in texts:
        number += 1
    return Values(mark=mark, language=template.language)


def filled(template: Template, part: str, values: Values, *, lead_id: str, names: Mapping[str, Any]) -> str:
    """One part of the template (subject, preheader or body) with placeholders for its variables.

    Raises:
        TemplateBlocked: a variable is unset for this lead, or the template fails in another way.
    """
    try:
        text: str = _compiled(getattr(template, part)).render({**names, _REGISTRY: values})
    except UndefinedError as error:
        raise TemplateBlocked(template.name, lead_id, variable=error.message) from error
    except TemplateSyntaxError as error:
        fault = f"{error.message} (line {error.lineno} of its {part})"
        raise TemplateBlocked(template.name, lead_id, fault=fault) from error
    except _FAULTS as error:
        # The message of the error may quote a value of the lead, so only its kind is told.
        fault = f"its {part} cannot be filled ({type(error).__name__})"
        raise TemplateBlocked(template.name, lead_id, fault=fault) from error
    return text


# --- what a template needs ------------------------------------------------------------------------------------------


def variables(template: Template) -> frozenset[str]:
    """The dotted names (`lead.name`, `lead.attributes.employees`, also misspelt ones) the template needs to be set.

    A name with `default`, tested with `is defined`, or standing where such a test holds, is not needed.

    Raises:
        TemplateUnreadable: wrong syntax, or an unknown filter.
    """
    return undeclared(template, "subject") | undeclared(template, "preheader") | undeclared(template, "body")


def undeclared(template: Template, part: str) -> frozenset[str]:
    """The same for one part: subject, preheader or body.

    Raises:
        TemplateUnreadable: wrong syntax, or an unknown filter.
    """
    text = getattr(template, part)
    try:
        _compiled(text)
        tree = _ENVIRONMENT.parse(text)
    except TemplateSyntaxError as error:
        raise TemplateUnreadable(template.name, part, error.lineno, error.message or "cannot be read") from error
    given = frozenset(find_undeclared_variables(tree)) - {"link"}
    return frozenset(_needed(tree, frozenset(), given))


def _needed(node: nodes.Node, guarded: frozenset[str], given: frozenset[str]) -> Iterator[str]:
    name = _dotted(node)
    if name is not None:
        if name.partition(".")[0] in given and name not in guarded:
            yield name
        return
    for child, holds in _children(node, guarded):
        yield from _needed(child, holds, given)


def _children(node: nodes.Node, guarded: frozenset[str]) -> Iterator[tuple[nodes.Node, frozenset[str]]]:
    """The parts of a node that are evaluated, each with the names known to be set where it stands."""
    match node:
        case nodes.Test(name="defined" | "undefined"):
            return
        case nodes.Filter(name="default" | "d") if _dotted(node.node) is not None:
            yield from ((argument, guarded) for argument in node.args)
        case nodes.And():
            yield node.left, guarded
            yield node.right, guarded | _guards(node.left)
        case nodes.If():
            yield node.test, guarded
            yield from ((child, guarded | _guards(node.test)) for child in node.body)
            yield from ((child, guarded) for child in (*node.elif_, *node.else_))
        case nodes.CondExpr():
            yield node.test, guarded
            yield node.expr1, guarded | _guards(node.test)
            if node.expr2 is not None:
                yield node.expr2, guarded
        case _:
            yield from ((child, guarded) for child in node.iter_child_nodes())


def _dotted(node: nodes.Node | None) -> str | None:
    match node:
        case nodes.Name(name=name):
            return str(name)
        case nodes.Getattr(node=inner, attr=attribute):
            path = _dotted(inner)
            return None if path is None else f"{path}.{attribute}"
        case nodes.Getitem(node=inner, arg=nodes.Const(value=str() as attribute)):
            path = _dotted(inner)
            return None if path is None else f"{path}.{attribute}"
    return None


def _guards(test: nodes.Node) -> frozenset[str]:
    match test:
        case nodes.Test(name="defined", node=target):
            name = _dotted(target)
            return frozenset() if name is None else frozenset({name})
        case nodes.And(left=left, right=right):
            return _guards(left) | _guards(right)
    return frozenset()
