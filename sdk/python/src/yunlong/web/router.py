"""Which handler answers a request."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from ..errors import CityError, HandlerExit, Problem
from ..text import t
from . import answers, urls
from .request import Request
from .response import Response

Handler = Callable[[Request], Response]
"""Answers a request, or raises a ``Problem`` and its siblings. An error of the city's services needs no catching."""

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
    405.

        router = Router()

        @router.get("/")
        def home(req: Request) -> Response: ...
    """

    def __init__(self) -> None:
        self._routes: list[_Route] = []

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
            raise Problem.not_found()
        wanted = "GET" if request.method == "HEAD" else request.method
        # Of several the most fixed one, whose path decides which methods there are.
        first = matching[0][0].shape
        at_path = [(route, found) for route, found in matching if route.shape == first]
        for route, found in at_path:
            if route.method in (wanted, request.method):
                request.params = _decoded(found)
                return route.handler(request)
        return self._wrong_method([route.method for route, _ in at_path], request)

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


