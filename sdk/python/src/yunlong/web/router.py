"""Which handler answers a request."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

from ..errors import CityError, HandlerExit, Problem
from ..text import Text, t
from . import answers, openapi, urls
from . import operation as operations
from .operation import Input, Operation
from .request import Request
from .response import Response

Handler = Callable[[Request], Response]
"""Answers a request, or raises a ``Problem`` and its siblings. An error of the city's services needs no catching."""

P = TypeVar("P")
Q = TypeVar("Q")
B = TypeVar("B")
R = TypeVar("R")

_PARAMETER = re.compile(r"\{(\*?)([a-z_][a-z0-9_]*)\}")


@dataclass(frozen=True)
class _Route:
    method: str
    path: str
    pattern: re.Pattern[str]
    handler: Handler

    @property
    def shape(self) -> str:
        """What it matches, whatever its parameters are called."""
        return _PARAMETER.sub(lambda m: f"{{{m[1]}}}", self.path)

    @property
    def rank(self) -> list[int]:
        """What is fixed comes before what is not, segment by segment."""
        return [0 if "{" not in segment else 2 if "{*" in segment else 1 for segment in self.path.split("/")]


def _pattern(path: str) -> re.Pattern[str]:
    out, end = "", 0
    for found in _PARAMETER.finditer(path):
        out += re.escape(path[end : found.start()])
        out += f"(?P<{found[2]}>{'.+' if found[1] else '[^/]+'})"
        end = found.end()
    return re.compile(out + re.escape(path[end:]))


class Router:
    """The routes of an app: ``/orders/{number}``, ``/files/{*rest}``.

    ``HEAD`` is answered by the ``GET`` route. A path without a route is a 404, a path with routes for other methods a
    405. ``/openapi.json`` is answered from the operations.

        router = Router()

        @router.get("/")
        def home(req: Request) -> Response: ...
    """

    def __init__(self) -> None:
        self._routes: list[_Route] = []
        self._operations: list[Operation] = []
        self._title: Text | None = None
        self._description = ""

    def describe(self, title: Text, description: str) -> None:
        """Title and description of the OpenAPI document."""
        self._title, self._description = title, description

    def get(self, path: str) -> Callable[[Handler], Handler]:
        """A page, or anything else that is read."""
        return self.route("GET", path)

    def post(self, path: str) -> Callable[[Handler], Handler]:
        """What a form is posted to."""
        return self.route("POST", path)

    def route(self, method: str, path: str) -> Callable[[Handler], Handler]:
        """A route with any method.

        Raises ``ValueError`` for a path that cannot be, and for a second route of its kind: when the app is loaded, and
        so before it is built.
        """
        if not path.startswith("/") or _PARAMETER.sub("", path).count("{") or _PARAMETER.sub("", path).count("}"):
            raise ValueError(f"`{path}` is no path: it begins with / and has parameters such as {{name}} or {{*rest}}")

        def add(handler: Handler) -> Handler:
            route = _Route(method, path, _pattern(path), handler)
            for other in self._routes:
                if other.method == method and other.shape == route.shape:
                    raise ValueError(f"{method} {path} stands there twice, as {other.path} before")
            self._routes.append(route)
            self._routes.sort(key=lambda r: r.rank)
            return handler

        return add

    def operation(
        self,
        method: str,
        path: str,
        id: str,
        *,
        summary: str = "",
        description: str = "",
        tag: str | None = None,
        status: int = HTTPStatus.OK,
        location: str | None = None,
        signed_in: bool = False,
        optional_body: bool = False,
        headers: Mapping[str, str] | None = None,
        problems: Mapping[int, str] | None = None,
    ) -> Callable[[Callable[[Request, Input[P, Q, B]], R]], Callable[[Request, Input[P, Q, B]], R]]:
        """An operation of the API, described in ``/openapi.json``. What goes in and comes out are the types of its
        handler; ``Annotated[str, "1 to 80 characters."]`` says more about a field.

            @router.operation("GET", "/api/slots/{day}", "listSlots", summary="Slots that can be booked")
            def list_slots(req: Request, input: Input[Day, None, None]) -> list[Slot]: ...

        ``id`` is the ``operationId``. ``location`` is a path whose parameters are members of the answer, such as
        ``/api/orders/{number}``: the header ``Location``. ``signed_in`` answers 401 to everybody else before the handler
        runs. ``optional_body`` reads a body that was left out as ``{}``. ``headers`` are those that it reads and
        ``problems`` the statuses that it may answer, each with what it is for.

        Raises ``ValueError`` as ``route`` does, for a second operation of the same ``id``, and for types that JSON does
        not have.
        """

        def add(handler: Callable[[Request, Input[P, Q, B]], R]) -> Callable[[Request, Input[P, Q, B]], R]:
            if any(other.id == id for other in self._operations):
                raise ValueError(f"operation {id} stands there twice")
            operation = Operation(
                method,
                path,
                id,
                operations.types_of(handler, path),
                summary=summary,
                description=description,
                tag=tag,
                status=status,
                location=location,
                signed_in=signed_in,
                optional_body=optional_body,
                headers=headers or {},
                problems=problems or {},
            )
            openapi.check(operation)
            self.route(method, path)(operations.route(operation, handler))
            self._operations.append(operation)
            return handler

        return add

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI 3.1 document of the operations."""
        return openapi.document(self._title, self._description, self._operations)

    def serve(self, request: Request) -> Response:
        """Answers a request. What a handler raises that is no answer comes out of here as it is."""
        try:
            response = self._answer(request)
        except HandlerExit as e:
            response = answers.tell(e, request)
        except CityError as e:
            response = answers.tell(e.answer(), request)
        return response.without_body() if request.method == "HEAD" else response

    def _answer(self, request: Request) -> Response:
        matching = [(route, found) for route in self._routes if (found := route.pattern.fullmatch(request.path))]
        if not matching:
            return self._nothing(request)
        wanted = "GET" if request.method == "HEAD" else request.method
        # Of several the most fixed one, whose path decides which methods there are.
        first = matching[0][0].shape
        at_path = [(route, found) for route, found in matching if route.shape == first]
        for route, found in at_path:
            if route.method in (wanted, request.method):
                request.params = _decoded(found)
                return route.handler(request)
        return self._wrong_method([route.method for route, _ in at_path], request)

    def _nothing(self, request: Request) -> Response:
        if request.path != "/openapi.json":
            raise Problem.not_found()
        return Response.json(self.openapi()) if request.method in ("GET", "HEAD") else self._wrong_method(["GET"], request)

    @staticmethod
    def _wrong_method(allowed: list[str], request: Request) -> Response:
        """405, with the list that RFC 9110 15.5.6 asks for."""
        problem = Problem(HTTPStatus.METHOD_NOT_ALLOWED, t("不支持的方法", "Method not allowed"), "method")
        names = [*allowed, *(["HEAD"] if "GET" in allowed else [])]
        return answers.tell(problem, request).header("allow", ", ".join(names))


def _decoded(found: re.Match[str]) -> dict[str, str]:
    out = {}
    for name, value in found.groupdict().items():
        decoded = urls.decode_segment(value)
        # Bytes that are not UTF-8 name nothing.
        if decoded is None:
            raise Problem.not_found()
        out[name] = decoded
    return out


