"""``wasi:http/outgoing-handler``."""

from componentize_py_types import Err, Ok
from wit_world.imports import wasi_http_outgoing_handler_0_2_10 as outgoing_handler
from wit_world.imports import wasi_http_types_0_2_10 as types

from ..http import HttpError, OutboundRequest, OutboundResponse
from . import streams

_METHODS: dict[str, types.Method] = {
    "GET": types.Method_Get(),
    "HEAD": types.Method_Head(),
    "POST": types.Method_Post(),
    "PUT": types.Method_Put(),
    "DELETE": types.Method_Delete(),
    "PATCH": types.Method_Patch(),
    "OPTIONS": types.Method_Options(),
}


_LATE = {
    "DnsTimeout",
    "ConnectionTimeout",
    "ConnectionReadTimeout",
    "ConnectionWriteTimeout",
    "HttpResponseTimeout",
}


def _outgoing(request: OutboundRequest) -> types.OutgoingRequest:
    scheme, authority, path = request.parts()
    fields = types.Fields.from_list([(name.lower(), value.encode()) for name, value in request.headers.items()])
    out = types.OutgoingRequest(fields)
    out.set_method(_METHODS.get(request.method.upper()) or types.Method_Other(request.method))
    out.set_scheme(types.Scheme_Https() if scheme == "https" else types.Scheme_Http())
    out.set_authority(authority)
    out.set_path_with_query(path)
    return out


def _options(request: OutboundRequest) -> types.RequestOptions:
    options = types.RequestOptions()
    nanoseconds = request.timeout * 1_000_000
    options.set_connect_timeout(nanoseconds)
    options.set_first_byte_timeout(nanoseconds)
    options.set_between_bytes_timeout(nanoseconds)
    return options


def _wait(future: types.FutureIncomingResponse) -> types.IncomingResponse:
    with future.subscribe() as pollable:
        pollable.block()
    match future.get():
        case Ok(Ok(response)):
            return response
        case Ok(Err(code)):
            raise Err(code)
        case _:
            raise HttpError("refused", "the platform gave no answer")


class Host:
    """Fills ``_city.outbound``."""

    def send(self, request: OutboundRequest) -> OutboundResponse:
        try:
            out = _outgoing(request)
            body = out.body()
            with outgoing_handler.handle(out, _options(request)) as future:
                streams.write(body, request.body)
                with _wait(future) as response:
                    with response.headers() as fields:
                        headers = [(n.lower(), v.decode(errors="replace")) for n, v in fields.entries()]
                    return OutboundResponse(
                        response.status(), headers, streams.read(response.consume(), request.most)
                    )
        except Err as e:
            name = _words(e.value)
            if name.partition(":")[0] in _LATE:
                raise HttpError("late", f"{_host(request)}: no answer within {request.timeout} ms") from e
            why = f"{_host(request)}: {name}: is the host under `outbound` in app.toml, and does it answer?"
            raise HttpError("refused", why) from e
        except streams.TooMuch as e:
            raise HttpError("too-large", f"{_host(request)}: {e}") from e
        except streams.BrokenOff as e:
            raise HttpError("refused", f"{_host(request)}: {e}") from e


def _host(request: OutboundRequest) -> str:
    return request.parts()[1]


def _words(code: object) -> str:
    """An error code's name, such as ``DestinationNotFound``, and what it carries."""
    name = type(code).__name__.removeprefix("ErrorCode_")
    value = getattr(code, "value", None)
    return name if value is None else f"{name}: {value}"
