"""The OpenAPI 3.1 document of an app, made of the types of its operations."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from .. import context
from ..text import Text
from .operation import Operation
from .schema import Components, Json


def document(title: Text | None, description: str, operations: Sequence[Operation]) -> Json:
    """The document. ``components`` holds the types that are used, and the problem document."""
    here = context.installation()
    components = Components()
    paths: dict[str, Json] = {}
    for operation in operations:
        # OpenAPI has no parameters that take the rest of a path.
        path = operation.path.replace("{*", "{")
        paths.setdefault(path, {})[operation.method.lower()] = _operation(operation, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": title.zh if title else here.app, "description": description, "version": here.version},
        "servers": [{"url": here.origin}],
        "paths": paths,
        "components": {
            "schemas": components.schemas | {"Problem": _PROBLEM},
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token of POST /api/v1/sessions on the portal.",
                }
            },
        },
    }


def check(operation: Operation) -> None:
    """Raises ``ValueError`` for types that the document cannot describe."""
    _operation(operation, Components())


def _operation(operation: Operation, components: Components) -> Json:
    types = operation.types
    out: Json = {"operationId": operation.id, "responses": _responses(operation, components)}
    for name, text in (("summary", operation.summary), ("description", operation.description)):
        if text:
            out[name] = text
    if operation.tag:
        out["tags"] = [operation.tag]
    parameters = [*_parameters("path", types.path, components), *_parameters("query", types.query, components)]
    for name, text in operation.headers.items():
        parameters.append(
            {"name": name, "in": "header", "required": False, "description": text, "schema": {"type": "string"}}
        )
    if parameters:
        out["parameters"] = parameters
    if types.body is not None:
        content = {"application/json": {"schema": components.of(types.body)}}
        out["requestBody"] = {"required": not operation.optional_body, "content": content}
    if operation.signed_in:
        out["security"] = [{"bearer": []}]
    return out


def _parameters(place: str, type_: Any, components: Components) -> list[Json]:
    """One parameter for each field of a dataclass."""
    if type_ is None:
        return []
    object_ = components.object(type_)
    out: list[Json] = []
    for name, schema in object_["properties"].items():
        text = schema.pop("description", None)
        required = place == "path" or name in object_.get("required", [])
        parameter = {"name": name, "in": place, "required": required, "schema": schema}
        out.append(parameter | ({"description": text} if text else {}))
    return out


def _responses(operation: Operation, components: Components) -> Json:
    types = operation.types
    status = operation.status
    if types.answer is None and status == HTTPStatus.OK:
        status = HTTPStatus.NO_CONTENT
    success: Json = {"description": HTTPStatus(status).phrase}
    if types.answer is not None:
        success["content"] = {"application/json": {"schema": components.of(types.answer)}}
    if operation.location:
        at = {"type": "string", "format": "uri-reference"}
        success["headers"] = {"Location": {"description": f"`{operation.location}`", "schema": at}}
    problems = dict(operation.problems)
    # What the SDK itself answers before the handler runs.
    implied = [
        (400, "The query or the body is not what is described here", types.query is not None or types.body is not None),
        (415, "The body is not application/json", types.body is not None),
        (404, "The path leads to nothing", types.path is not None),
        (401, "Not signed in", operation.signed_in),
        (503, "Too many conflicts: try again after Retry-After seconds", operation.method != "GET"),
    ]
    for code, when, holds in implied:
        if holds:
            problems.setdefault(code, when)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    told = {str(code): {"description": when, "content": content} for code, when in problems.items()}
    return {str(int(status)): success} | {code: what for code, what in told.items() if code != str(int(status))}


_PROBLEM: Json = {
    "type": "object",
    "description": "A problem document (RFC 9457).",
    "required": ["title", "status"],
    "properties": {
        "type": {"type": "string", "description": "A stable name of the kind of problem, about:blank when absent."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "request_id": {"type": "string", "description": "The id under which the host's logs speak of it."},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "detail"],
                "properties": {
                    "pointer": {
                        "type": "string",
                        "description": (
                            "Where in the request: a JSON Pointer (RFC 6901) into the body, or `/name` for a parameter of"
                            " the query or a header."
                        ),
                    },
                    "detail": {"type": "string", "description": "What is wrong and what to do."},
                },
            },
        },
    },
}
