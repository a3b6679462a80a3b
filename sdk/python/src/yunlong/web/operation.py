"""Operations of the API: a route with the types that pass through it. The OpenAPI document is made of the same types, so
that it cannot say anything else than what the app does."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from types import NoneType
from typing import Any, Generic, Literal, TypeVar, cast, get_args, get_origin, get_type_hints

from .. import codec
from ..errors import Problem
from . import schema, texts, urls
from .request import Request
from .response import Response

P = TypeVar("P")
Q = TypeVar("Q")
B = TypeVar("B")

_TEXTS = (str, int, float, bool)


@dataclass(frozen=True)
class Input(Generic[P, Q, B]):
    """What an operation takes in: parameters of the path, of the query, and the JSON body; ``None`` where there are
    none. ``Input[None, List, None]`` is an operation with a query."""

    path: P
    """The path's parameters, a dataclass."""
    query: Q
    """The query's parameters, a dataclass with defaults for what may be absent."""
    body: B
    """The body."""


@dataclass(frozen=True)
class Types:
    """What passes through an operation, as its handler declares it."""

    path: Any
    query: Any
    body: Any
    answer: Any


@dataclass(frozen=True)
class Operation:
    """What the document says of an operation. ``Router.operation`` makes one."""

    method: str
    path: str
    id: str
    types: Types
    summary: str = ""
    description: str = ""
    tag: str | None = None
    status: int = HTTPStatus.OK
    location: str | None = None
    signed_in: bool = False
    optional_body: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    problems: Mapping[int, str] = field(default_factory=dict)


def types_of(handler: Callable[..., Any], path: str) -> Types:
    """What a handler takes in and answers.

    Raises ``ValueError`` for a handler that does not say it, or says what a request cannot have: when the app is loaded,
    and so before it is built.
    """
    name = getattr(handler, "__name__", "the handler")
    hints = get_type_hints(handler, include_extras=True)
    second = list(inspect.signature(handler).parameters)[1:2]
    input_ = hints.get(second[0]) if second else None
    if get_origin(input_) is not Input or "return" not in hints:
        raise ValueError(
            f"{name}: an operation's handler takes a Request and an Input, and says what it answers: "
            f"`def {name}(req: Request, input: Input[None, None, None]) -> Answer`"
        )
    inner = [None if arg is NoneType else arg for arg in get_args(input_)]
    answer = None if hints["return"] is NoneType else hints["return"]
    for part, type_ in (("path", inner[0]), ("query", inner[1])):
        _expect_flat(name, part, type_)
    named = set(re.findall(r"\{\*?([a-z_][a-z0-9_]*)\}", path))
    declared = {f.name for f in dataclasses.fields(inner[0])} if inner[0] else set()
    if inner[0] and named != declared:
        raise ValueError(f"{name}: the path {path} has the parameters {sorted(named)}, and its type {sorted(declared)}")
    return Types(inner[0], inner[1], inner[2], answer)


def _expect_flat(name: str, part: str, type_: Any) -> None:
    """Parameters are texts: no field of theirs has fields of its own."""
    if type_ is None:
        return
    if not (isinstance(type_, type) and dataclasses.is_dataclass(type_)):
        raise ValueError(f"{name}: the {part} of an operation is a dataclass or None")
    for field_, hint in get_type_hints(type_, include_extras=True).items():
        inner = schema.bare(hint)
        of_texts = isinstance(inner, type) and (inner in _TEXTS or issubclass(inner, Enum))
        if not of_texts and get_origin(inner) is not Literal:
            raise ValueError(f"{name}: `{field_}` of the {part} is no text, number, boolean or choice")


def route(operation: Operation, handler: Callable[[Request, Any], Any]) -> Callable[[Request], Response]:
    """The route of an operation: reads what goes in, and tells what comes out."""
    types = operation.types

    def answer(request: Request) -> Response:
        if operation.signed_in:
            request.subject()
        input_ = Input(_path(types.path, request), request.query(types.query) if types.query else None, _body(operation, request))
        value = handler(request, input_)
        if types.answer is None:
            return Response(HTTPStatus.NO_CONTENT if operation.status == HTTPStatus.OK else operation.status)
        response = Response.json(value, operation.status)
        if operation.location is None:
            return response
        return response.header("location", _filled_in(operation.location, codec.plain(value)))

    return answer


def _path(type_: Any, request: Request) -> Any:
    if type_ is None:
        return None
    try:
        return texts.decode(type_, list(request.params.items()))
    except ValueError as e:
        # A path with, say, letters for a number leads to nothing.
        raise Problem.not_found() from e


def _body(operation: Operation, request: Request) -> Any:
    type_ = operation.types.body
    if type_ is None:
        return None
    if operation.optional_body and not request.body:
        return codec.decode(cast(type[Any], type_), {})
    return request.json(type_)


def _filled_in(path: str, answer: Any) -> str:
    """A path with members of an answer in place of its parameters."""

    def member(found: re.Match[str]) -> str:
        value = answer.get(found[1]) if isinstance(answer, dict) else None
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise Problem.internal(f"location {path}: the answer has no text or number `{found[1]}`")
        return urls.encode(str(value))

    return re.sub(r"\{([a-z_][a-z0-9_]*)\}", member, path)
