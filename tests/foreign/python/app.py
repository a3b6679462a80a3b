"""A program for any wasi:http host with wasi:keyvalue, in Python."""

import json
import os
import random

from componentize_py_types import Err, Ok
from wit_world import exports
from wit_world.imports import atomics, store
from wit_world.imports.types import Fields, IncomingRequest, Method_Get, Method_Put, OutgoingBody, OutgoingResponse
from wit_world.imports.types import ResponseOutparam


def body_of(request: IncomingRequest) -> bytes:
    parts = []
    with request.consume() as body, body.stream() as stream:
        while True:
            try:
                parts.append(stream.blocking_read(64 * 1024))
            except Err:  # the end of the stream
                return b"".join(parts)


def serve(request: IncomingRequest) -> tuple[int, object]:
    path = request.path_with_query() or "/"
    bucket = store.open("")
    match request.method(), path.split("/")[1:]:
        case Method_Get(), [""]:
            keys = sorted(bucket.list_keys(None).keys)
            return 200, {key: (bucket.get(key) or b"").decode(errors="replace") for key in keys}
        case Method_Put(), ["notes", name]:
            bucket.set(name, body_of(request))
            return 201, {"kept": name}
        case Method_Get(), ["count"]:
            return 200, {"count": atomics.increment(bucket, "count", 1)}
        case Method_Get(), ["machine"]:
            seen = {"environment": len(os.environ), "files": os.path.exists("/etc/hostname")}
            return 200, seen | {"random": random.SystemRandom().random() != random.SystemRandom().random()}
        case Method_Get(), ["elsewhere"]:
            store.open("somebody-elses")
            return 200, "it opened"
        case _:
            return 404, "no such page"


class IncomingHandler(exports.IncomingHandler):
    def handle(self, request: IncomingRequest, response_out: ResponseOutparam) -> None:
        try:
            status, answer = serve(request)
        except Err as e:
            status, answer = 500, type(e.value).__name__
        response = OutgoingResponse(Fields.from_list([("content-type", b"application/json")]))
        response.set_status_code(status)
        body = response.body()
        ResponseOutparam.set(response_out, Ok(response))
        with body.write() as stream:
            stream.blocking_write_and_flush(json.dumps(answer).encode())
        OutgoingBody.finish(body, None)
