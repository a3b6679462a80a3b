"""``wasi:http/incoming-handler`` of an app."""

from componentize_py_types import Err, Ok
from wit_world.imports import wasi_http_types_0_2_10 as types

from .. import errors
from ..app import App
from ..errors import Problem
from ..web import Request, Response, answers
from . import streams
from .wake import unexpected, wake

_METHODS = {
    types.Method_Get: "GET",
    types.Method_Head: "HEAD",
    types.Method_Post: "POST",
    types.Method_Put: "PUT",
    types.Method_Delete: "DELETE",
    types.Method_Patch: "PATCH",
    types.Method_Options: "OPTIONS",
    types.Method_Connect: "CONNECT",
    types.Method_Trace: "TRACE",
}


def handle(app: App, request: types.IncomingRequest, out: types.ResponseOutparam) -> None:
    """Answers a request."""
    wake()
    try:
        read = _read(request)
    except streams.BrokenOff:
        _write(Response(400), out)
        return
    _write(_serve(app, read), out)


def _serve(app: App, request: Request) -> Response:
    try:
        return app.router.serve(request)
    except Exception:
        return answers.tell(Problem.internal(unexpected()), request)


def _read(request: types.IncomingRequest) -> Request:
    """Reads the request whole: the host has capped it, and apps answer nothing by halves."""
    given = request.method()
    method = given.value if isinstance(given, types.Method_Other) else _METHODS[type(given)]
    with request.headers() as fields:
        headers = fields.entries()
    # ``GET`` and ``HEAD`` have no body worth the calls.
    body = b"" if method in ("GET", "HEAD") else streams.read(request.consume())
    return Request(method, request.path_with_query() or "/", headers, body)


def _write(response: Response, out: types.ResponseOutparam) -> None:
    fields = types.Fields()
    for name, value in response.headers.items():
        try:
            fields.append(name, value.encode())
        except Err:
            errors.log(f"the header {name} was refused")
    outgoing = types.OutgoingResponse(fields)
    outgoing.set_status_code(int(response.status))
    body = outgoing.body()
    types.ResponseOutparam.set(out, Ok(outgoing))
    try:
        streams.write(body, response.body)
    except streams.BrokenOff:
        # The one who asked has gone away.
        return
