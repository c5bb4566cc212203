"""The OpenAPI 3.1 document, made from the endpoints' declarations: whatever an endpoint takes or answers is in it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import UnionType
from typing import Any, get_args

import msgspec

from syncserver.api.rest import terminals
from syncserver.api.rest.endpoint import IDEMPOTENCY_KEY, Endpoint, Nothing
from syncserver.api.rest.limits import BUCKETS, WINDOW_SECONDS
from syncserver.api.rest.problems import problems_of
from syncserver.people.access import ADMINS, Role

JSON = "application/json"
_REF = "#/components/schemas/{name}"
_NAMES = re.compile(r"\{(\w+)\}")
_WORDS = re.compile(r"[A-Za-z0-9]+")
_ABOUT = """\
Customers, wallets, codes and online payments. Terminals speak CBOR and signed objects, described in docs/protocol.md.

Every JSON answer has one envelope: `success`, `message`, `errorCode`, `data`, `timestamp`, `requestId`. An error's
`errorCode` is stable; its `message` is for people. What a request must bear to be done once, what takes two persons,
and how often somebody may ask is in docs/api.md.
"""
Schema = dict[str, Any]


def document(endpoints: Sequence[Endpoint]) -> Schema:
    """The document of these endpoints, and of what terminals call."""
    kinds = _kinds(endpoints)
    schemas, components = msgspec.json.schema_components(kinds, ref_template=_REF)
    known = _Known(dict(zip(kinds, schemas, strict=True)))
    queries = {_name_of(known[endpoint.query]) for endpoint in endpoints}
    paths: dict[str, Schema] = {}
    for endpoint in endpoints:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint, known, components)
    for path, operations in terminals.PATHS.items():
        paths.setdefault(path, {}).update(operations)
    tags = list(dict.fromkeys(endpoint.tag for endpoint in endpoints))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tallystick",
            "version": _version(),
            "summary": "Payments at the till and online, settled exactly once",
            "description": _ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [*({"name": tag} for tag in tags), *terminals.TAGS],
        "paths": paths,
        "components": {
            # A query is told as parameters, one by one.
            "schemas": {name: shape for name, shape in components.items() if name not in queries}
            | {**_envelopes(), **terminals.SCHEMAS},
            "securitySchemes": {
                "person": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "A person's access token, good for ten minutes.",
                },
                **terminals.SECURITY,
            },
        },
    }


@dataclass(frozen=True, slots=True)
class _Known:
    """The schemas of the types that endpoints name; of a union each has its own: msgspec takes tagged ones alone."""

    schemas: Mapping[Any, Schema]

    def __getitem__(self, kind: Any) -> Schema:
        parts = _parts(kind)
        return self.schemas[kind] if len(parts) == 1 else {"anyOf": [self.schemas[part] for part in parts]}


def _parts(kind: Any) -> tuple[Any, ...]:
    return get_args(kind) if isinstance(kind, UnionType) else (kind,)


def _kinds(endpoints: Iterable[Endpoint]) -> list[Any]:
    found: list[Any] = []
    for endpoint in endpoints:
        for kind in (endpoint.answers, endpoint.body, endpoint.query):
            found += [part for part in _parts(kind) if kind is not None and part not in found]
    return found


def _operation(endpoint: Endpoint, schemas: _Known, components: Mapping[str, Schema]) -> Schema:
    operation: Schema = {
        "operationId": _operation_id(endpoint),
        "tags": [endpoint.tag],
        "summary": endpoint.summary,
        "description": _description(endpoint),
        "security": [{"person": []}] if endpoint.roles is not None else [],
        "parameters": [*_path_parameters(endpoint), *_query_parameters(endpoint, schemas, components)],
        "responses": _responses(endpoint, schemas),
    }
    if endpoint.once:
        operation["parameters"].append(_KEY_PARAMETER)
    taken = _taken(endpoint, schemas)
    if taken:
        operation["requestBody"] = {"required": True, "content": taken}
    return operation


def _taken(endpoint: Endpoint, schemas: _Known) -> Schema:
    taken: Schema = {media: {"schema": {"type": "string"}} for media in endpoint.takes}
    if endpoint.body is not None:
        taken[JSON] = {"schema": schemas[endpoint.body]}
    return taken


_KEY_PARAMETER: Schema = {
    "name": IDEMPOTENCY_KEY,
    "in": "header",
    "required": True,
    "description": "A new one for each thing to be done. The same key and body are answered the same, for good.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}


def _operation_id(endpoint: Endpoint) -> str:
    words = _WORDS.findall(endpoint.path.removeprefix("/api"))
    return endpoint.method.lower() + "".join(word[:1].upper() + word[1:] for word in words)


def _description(endpoint: Endpoint) -> str:
    lines = [f"{_who(endpoint)}."]
    buckets = BUCKETS[endpoint.rate]
    if buckets:
        told = ", ".join(f"{bucket.name} ({bucket.calls} a minute)" for bucket in buckets)
        lines.append(f"Drawn from: {told}.")
    if endpoint.once:
        lines.append(f"Done once for each {IDEMPOTENCY_KEY}.")
    return "\n\n".join(lines)


def _who(endpoint: Endpoint) -> str:
    if endpoint.roles is None:
        return "For everybody, without a token"
    said = []
    for role in Role:
        if role in endpoint.roles:
            own = endpoint.owner is not None and role not in ADMINS
            said.append(f"{role.value} (own {endpoint.owner} alone)" if own else role.value)
    return f"For: {', '.join(said)}"


def _path_parameters(endpoint: Endpoint) -> list[Schema]:
    words = endpoint.words
    return [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"enum": list(words[name])} if name in words else {"type": "string", "format": "uuid"},
        }
        for name in _NAMES.findall(endpoint.path)
    ]


def _query_parameters(endpoint: Endpoint, schemas: _Known, components: Mapping[str, Schema]) -> list[Schema]:
    if endpoint.query is Nothing:
        return []
    shape = components[_name_of(schemas[endpoint.query])]
    required = shape.get("required", [])
    return [
        {"name": name, "in": "query", "required": name in required, "schema": schema}
        for name, schema in shape["properties"].items()
    ]


def _name_of(reference: Schema) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name


def _responses(endpoint: Endpoint, schemas: _Known) -> Schema:
    content: Schema = {media: {"schema": {}} for media in endpoint.media}
    if endpoint.answers is not None or not endpoint.media:
        shape = schemas[endpoint.answers] if endpoint.answers is not None else {"type": "null"}
        data = {"type": "object", "properties": {"data": shape}}
        content[JSON] = {"schema": {"allOf": [{"$ref": _REF.format(name="Success")}, data]}}
    limited = _LIMIT_HEADERS if BUCKETS[endpoint.rate] else {}
    answers: Schema = {
        str(status): {"description": _SAID.get(status, "Done."), "headers": limited, "content": content}
        for status in endpoint.statuses
    }
    problems = problems_of(endpoint)
    for status in dict.fromkeys(problem.status for problem in problems):
        these = [problem for problem in problems if problem.status == status]
        answers[str(status)] = {
            "description": "\n\n".join(f"`{problem.code}`: {problem.message}" for problem in these),
            "headers": {**_HEADERS.get(status, {}), **(limited if status != TOKEN_STATUS else {})},
            "content": {JSON: {"schema": _failure([problem.code for problem in these])}},
        }
    return answers


TOKEN_STATUS = 401
_SAID = {
    200: "Done.",
    201: "Made.",
    202: "Noted: another admin must ask for the same.",
}
_RETRY_AFTER: Schema = {
    "Retry-After": {"description": "Seconds until it makes sense to ask again.", "schema": {"type": "integer"}}
}
_HEADERS: dict[int, Schema] = {
    401: {"WWW-Authenticate": {"description": "Bearer", "schema": {"type": "string"}}},
    429: _RETRY_AFTER,
    503: _RETRY_AFTER,
}
_LIMIT_HEADERS: Schema = {
    "RateLimit-Policy": {
        "description": f"The buckets that this call was drawn from: q calls in any w = {WINDOW_SECONDS} seconds.",
        "schema": {"type": "string"},
    },
    "RateLimit": {
        "description": "For each of them: r calls are left, one more in t seconds.",
        "schema": {"type": "string"},
    },
}


def _failure(codes: list[str]) -> Schema:
    named = {"type": "object", "properties": {"errorCode": {"enum": codes}}}
    return {"allOf": [{"$ref": _REF.format(name="Failure")}, named]}


def _envelopes() -> dict[str, Schema]:
    both: Schema = {
        "message": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time", "description": "UTC, milliseconds."},
        "requestId": {"type": "string", "format": "uuid", "description": "Also in the server's log."},
    }
    every = ["success", "message", "errorCode", "data", "timestamp", "requestId"]
    return {
        "Success": {
            "type": "object",
            "description": "What every success is wrapped in.",
            "properties": {"success": {"const": True}, "errorCode": {"type": "null"}, "data": {}, **both},
            "required": every,
        },
        "Failure": {
            "type": "object",
            "description": "What every error is wrapped in.",
            "properties": {
                "success": {"const": False},
                "errorCode": {"type": "string"},
                "data": {"type": "null"},
                **both,
            },
            "required": every,
        },
    }


def _version() -> str:
    try:
        return version("tallystick")
    except PackageNotFoundError:
        return "0"  # run from its sources
