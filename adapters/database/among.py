"""Asks for the rows whose column has one of many values, as one statement with one parameter, however many there are.

`IN` with a parameter for each value is another statement for each length of the list: it is written, sent and planned
anew. Refuses to know what the values are.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, Column, Dialect, Text, TypeDecorator, bindparam
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeEngine


class _Texts(TypeDecorator[Collection[str]]):
    """Many texts as one value: an array, or JSON where a database knows none."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(ARRAY(Text()) if dialect.name == "postgresql" else Text())

    def process_bind_param(self, value: Collection[str] | None, dialect: Dialect) -> Any:
        several = list(value or ())
        return several if dialect.name == "postgresql" else json.dumps(several)


class _Among(FunctionElement[Any]):
    # no Boolean: where a database has none, SQLAlchemy would write `… = 1`, and no index would be used
    inherit_cache = True


def among(column: Column[Any], name: str = "of") -> FunctionElement[Any]:
    """True where the column's text is one of those given as the parameter `name`, a list."""
    return _Among(column, bindparam(name, type_=_Texts()))


@compiles(_Among)
def _in_json(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, several = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({several}))"  # noqa: S608 - both are SQL that SQLAlchemy wrote


@compiles(_Among, "postgresql")
def _in_array(element: _Among, compiler: SQLCompiler, **how: Any) -> str:
    column, several = (compiler.process(each, **how) for each in element.clauses)
    return f"{column} = ANY ({several})"
