"""Bodies: read whole, and written in the pieces that the host has room for."""

from componentize_py_types import Err
from wit_world.imports import wasi_http_types_0_2_10 as types
from wit_world.imports import wasi_io_streams_0_2_10 as streams

_CHUNK = 64 * 1024


class BrokenOff(Exception):
    """The other side has gone away."""


class TooMuch(BrokenOff):
    """The other side sent more than is read."""


def read(incoming: types.IncomingBody, most: int | None = None) -> bytes:
    """A body, whole; of at most so many bytes. Raises ``BrokenOff``; ``TooMuch`` when it has more."""
    out = bytearray()
    with incoming.stream() as stream:
        while True:
            try:
                out += stream.blocking_read(_CHUNK)
            except Err as e:
                if isinstance(e.value, streams.StreamError_Closed):
                    break
                raise BrokenOff("the body broke off") from e
            if most is not None and len(out) > most:
                raise TooMuch(f"the answer has more than {most} bytes")
    with types.IncomingBody.finish(incoming):
        return bytes(out)


def write(outgoing: types.OutgoingBody, body: bytes) -> None:
    """Writes a body and finishes it. Raises ``BrokenOff``."""
    try:
        if body:
            with outgoing.write() as stream:
                _write(stream, body)
        types.OutgoingBody.finish(outgoing, None)
    except Err as e:
        raise BrokenOff("nobody reads the body") from e


def _write(stream: streams.OutputStream, body: bytes) -> None:
    at = 0
    while at < len(body):
        room = stream.check_write()
        if room == 0:
            with stream.subscribe() as pollable:
                pollable.block()
            continue
        stream.write(body[at : at + room])
        at += room
