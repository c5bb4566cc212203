"""What terminals call, for the OpenAPI document: in words, for their bodies are signed CBOR (docs/protocol.md)."""

from typing import Any

_CBOR = "application/cbor"
_BYTES: dict[str, Any] = {"type": "string", "contentMediaType": _CBOR}
_ENVELOPE = {"application/json": {"schema": {"$ref": "#/components/schemas/Success"}}}
_FAILURE = {"application/json": {"schema": {"$ref": "#/components/schemas/Failure"}}}
_TERMINALS, _SERVER = "Terminals", "Server"

TAGS: list[dict[str, Any]] = [
    {"name": _TERMINALS, "description": "Enrolment, tokens, batches in, books out: docs/protocol.md, sections 7 to 9."},
    {"name": _SERVER, "description": "Whether it is there."},
]

SECURITY: dict[str, Any] = {
    "terminal": {
        "type": "http",
        "scheme": "bearer",
        "description": "A terminal's access token, of `POST /auth/token`. It opens nothing that people call.",
    }
}

SCHEMAS: dict[str, Any] = {
    "OAuthError": {
        "type": "object",
        "description": "As RFC 6749 section 5.2 says.",
        "properties": {"error": {"type": "string"}, "error_description": {"type": "string"}},
        "required": ["error", "error_description"],
    }
}


def _refused(*statuses: int) -> dict[str, Any]:
    """Error answers in the envelope, and those that are possible everywhere."""
    return {
        str(status): {"description": _WORDS[status], "content": _FAILURE} for status in sorted({*statuses, 500, 503})
    }


_WORDS = {
    400: "The request broke off.",
    401: "The token is not valid, has expired, or was used.",
    403: "This terminal may not do it.",
    404: "This terminal has no such payment.",
    408: "The body took too long.",
    409: "The key or the terminal's state is in the way.",
    413: "Too large.",
    415: "Another content type is needed.",
    422: "Not what docs/protocol.md allows.",
    429: "This terminal has too much under way. Retry-After says when to ask again.",
    500: "A defect of the server.",
    503: "Busy, or its database is away. Retry-After says when to ask again.",
}
_OAUTH = {"application/json": {"schema": {"$ref": "#/components/schemas/OAuthError"}}}
_TEXT = {"type": "string"}

PATHS: dict[str, dict[str, Any]] = {
    "/api/devices/enrol": {
        "post": {
            "operationId": "postDevicesEnrol",
            "tags": [_TERMINALS],
            "summary": "Exchange a one-time token for a device",
            "description": "The terminal makes its key and proves that it has it; the answer has the server's keys.",
            "security": [],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": dict.fromkeys(("token", "publicKey", "proof", "name", "model"), _TEXT),
                            "required": ["token", "publicKey", "proof", "name", "model"],
                        }
                    }
                },
            },
            "responses": {
                "200": {"description": "Enrolled.", "content": _ENVELOPE},
                **_refused(400, 401, 408, 409, 413, 415, 422),
            },
        }
    },
    "/auth/token": {
        "post": {
            "operationId": "postAuthToken",
            "tags": [_TERMINALS],
            "summary": "A terminal's access token for a client assertion",
            "description": "RFC 7523; answers as RFC 6749 says, without the envelope.",
            "security": [],
            "requestBody": {
                "required": True,
                "content": {
                    "application/x-www-form-urlencoded": {
                        "schema": {
                            "type": "object",
                            "properties": dict.fromkeys(
                                ("grant_type", "client_assertion_type", "client_assertion"), _TEXT
                            ),
                            "required": ["grant_type", "client_assertion_type", "client_assertion"],
                        }
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "A token.",
                    "content": {
                        "application/json": {
                            "schema": {
                                "type": "object",
                                "properties": {
                                    "access_token": _TEXT,
                                    "token_type": _TEXT,
                                    "expires_in": {"type": "integer"},
                                },
                                "required": ["access_token", "token_type", "expires_in"],
                            }
                        }
                    },
                },
                **{str(status): {"description": _WORDS[status], "content": _OAUTH} for status in (401, 413, 415)},
                "400": {
                    "description": "The form is none, or its body broke off.",
                    "content": {
                        "application/json": {
                            "schema": {
                                "anyOf": [
                                    {"$ref": "#/components/schemas/OAuthError"},
                                    {"$ref": "#/components/schemas/Failure"},
                                ]
                            }
                        }
                    },
                },
                **_refused(408),
            },
        }
    },
    "/api/sync/batches": {
        "post": {
            "operationId": "postSyncBatches",
            "tags": [_TERMINALS],
            "summary": "Upload a batch of signed records; its signed receipt",
            "security": [{"terminal": []}],
            "requestBody": {"required": True, "content": {_CBOR: {"schema": _BYTES}}},
            "responses": {
                "200": {"description": "The receipt.", "content": {_CBOR: {"schema": _BYTES}}},
                **_refused(400, 401, 408, 413, 415, 422, 429),
            },
        }
    },
    "/api/sync/book": {
        "get": {
            "operationId": "getSyncBook",
            "tags": [_TERMINALS],
            "summary": "The next page of the terminal's book",
            "security": [{"terminal": []}],
            "parameters": [
                {
                    "name": "since",
                    "in": "query",
                    "description": "The version that the terminal has.",
                    "schema": {"type": "integer", "minimum": 0, "default": 0},
                }
            ],
            "responses": {
                "200": {"description": "A signed page.", "content": {_CBOR: {"schema": _BYTES}}},
                **_refused(401, 403, 422, 429),
            },
        }
    },
    "/api/transactions/make-payment-offline": {
        "post": {
            "operationId": "postTransactionsMakePaymentOffline",
            "tags": [_TERMINALS],
            "summary": "Settle a few signed records at once, as JSON",
            "description": "An upload like any other: a record that was sent here and there is settled once.",
            "security": [{"terminal": []}],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "records": {"type": "array", "items": _TEXT, "minItems": 1, "maxItems": 20},
                                "batch": {"type": "string", "format": "uuid"},
                                "boot": {"type": "string", "format": "uuid"},
                                "sentAt": {"type": "integer", "minimum": 0},
                                "tick": {"type": "integer", "minimum": 0},
                            },
                            "required": ["records", "batch", "boot", "sentAt", "tick"],
                        }
                    }
                },
            },
            "responses": {
                "200": {"description": "What became of each record, and the signed receipt.", "content": _ENVELOPE},
                **_refused(400, 401, 408, 413, 415, 422, 429),
            },
        }
    },
    "/api/sync/refunds": {
        "post": {
            "operationId": "postSyncRefunds",
            "tags": [_TERMINALS],
            "summary": "Give back a payment of this terminal, whole or in part",
            "description": "By a supervisor's word. The same key and body are answered the same.",
            "security": [{"terminal": []}],
            "parameters": [
                {
                    "name": "Idempotency-Key",
                    "in": "header",
                    "required": True,
                    "description": "1 to 255 visible ASCII characters, a new one for each refund.",
                    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {
                            "type": "object",
                            "properties": {
                                "payment": {"type": "string", "format": "uuid"},
                                "amount": {"type": "integer", "minimum": 1},
                                "currency": _TEXT,
                                "approver": _TEXT,
                                "reason": _TEXT,
                            },
                            "required": ["payment", "amount", "currency", "approver", "reason"],
                        }
                    }
                },
            },
            "responses": {
                "200": {"description": "What of the payment is given back in all.", "content": _ENVELOPE},
                **_refused(400, 401, 403, 404, 408, 409, 413, 415, 422, 429),
            },
        }
    },
    "/healthz": {
        "get": {
            "operationId": "getHealthz",
            "tags": [_SERVER],
            "summary": "The process answers",
            "security": [],
            "responses": {"200": {"description": "Alive.", "content": _ENVELOPE}, **_refused()},
        }
    },
    "/readyz": {
        "get": {
            "operationId": "getReadyz",
            "tags": [_SERVER],
            "summary": "The database answers too",
            "security": [],
            "responses": {"200": {"description": "Ready.", "content": _ENVELOPE}, **_refused()},
        }
    },
}
