"""The OpenAPI document says what is so, and the page that shows it runs nothing else."""

import gzip
import hashlib
import json
import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from syncserver.api.app import ROUTES
from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.documents import FOLDER
from syncserver.api.rest.endpoint import IDEMPOTENCY_KEY, Endpoint
from syncserver.api.rest.limits import BUCKETS
from syncserver.api.rest.openapi import JSON, document
from syncserver.api.rest.problems import problems_of
from tests.syncserver.kit import Shop

pytestmark = pytest.mark.anyio
DOCUMENT = document(ENDPOINTS)


def operation(endpoint: Endpoint) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][endpoint.path][endpoint.method.lower()]
    return found


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_the_document_is_openapi_3_1() -> None:
    assert DOCUMENT["openapi"].startswith("3.1")
    assert list(OpenAPIV31SpecValidator(DOCUMENT).iter_errors()) == []


def test_every_route_is_in_it() -> None:
    shown = {"/openapi.json", "/docs", "/docs/{name}"}
    assert set(DOCUMENT["paths"]) == {route.path for route in ROUTES} - shown
    ids = [one["operationId"] for path in DOCUMENT["paths"].values() for one in path.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
def test_an_operation_says_what_its_endpoint_declares(endpoint: Endpoint) -> None:
    said = operation(endpoint)
    assert said["security"] == ([] if endpoint.roles is None else [{"person": []}])
    parameters = {(one["in"], one["name"]): one for one in said["parameters"]}
    assert {name for place, name in parameters if place == "path"} == set(re.findall(r"\{(\w+)\}", endpoint.path))
    assert (("header", IDEMPOTENCY_KEY) in parameters) == endpoint.once
    assert (JSON in said.get("requestBody", {}).get("content", {})) == (endpoint.body is not None)
    for status in endpoint.statuses:
        answer = said["responses"][str(status)]
        assert ("RateLimit" in answer["headers"]) == bool(BUCKETS[endpoint.rate])
        assert set(answer["content"]) == {
            *endpoint.media,
            *([JSON] if endpoint.answers or not endpoint.media else []),
        }
    for problem in problems_of(endpoint):
        schema = said["responses"][str(problem.status)]["content"][JSON]["schema"]
        assert problem.code in schema["allOf"][1]["properties"]["errorCode"]["enum"]
        assert problem.message
    codes = {problem.code for problem in problems_of(endpoint)}
    assert {error.code for error in endpoint.errors} <= codes
    assert {"INTERNAL", "UNAVAILABLE", "BUSY"} <= codes
    assert ("INVALID_TOKEN" in codes) == ("FORBIDDEN" in codes) == (endpoint.roles is not None)


async def test_the_document_is_served_and_kept_until_it_changes(shop: Shop) -> None:
    answer = await shop.http.get("/openapi.json")
    assert answer.status_code == 200
    assert answer.json() == json.loads(json.dumps(DOCUMENT))
    tag = answer.headers["ETag"]
    assert (await shop.http.get("/openapi.json", headers={"If-None-Match": f'"other", {tag}'})).status_code == 304
    plain = await shop.http.get("/openapi.json", headers={"Accept-Encoding": "identity"})
    assert plain.json() == answer.json()
    assert plain.headers["ETag"] != tag, "packed it is another representation"


async def test_the_page_runs_what_this_server_has_and_nothing_else(shop: Shop) -> None:
    page = await shop.http.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert "://" not in page.text
    assert "<script>" not in page.text
    for path in loaded:
        if not path.startswith("data:"):
            answer = await shop.http.get(path)
            assert answer.status_code == 200
            assert answer.headers["Content-Type"].partition(";")[0] in {"text/javascript", "text/css"}
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(one.strip().partition(" ")[::2] for one in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"


@pytest.mark.parametrize("name", ["ORIGIN", "LICENSE", "..%2f..%2fcatalogue.py", "swagger-ui.css.gz", "x"])
async def test_no_other_file_is_served(shop: Shop, name: str) -> None:
    assert (await shop.http.get(f"/docs/{name}")).status_code == 404


def test_what_is_vendored_is_what_its_origin_says() -> None:
    lines = [line.split() for line in (FOLDER / "ORIGIN").read_text("utf-8").splitlines()]
    said = {line[1]: line[0] for line in lines if len(line) == 2 and len(line[0]) == 64}
    assert set(said) == {"swagger-ui-bundle.js", "swagger-ui.css"}
    for name, digest in said.items():
        packed = (FOLDER / f"{name}.gz").read_bytes()
        assert hashlib.sha256(gzip.decompress(packed)).hexdigest() == digest
    assert "Apache License" in (FOLDER / "LICENSE").read_text()
    assert sum(file.stat().st_size for file in FOLDER.iterdir()) < 2_000_000


async def test_answers_about_people_are_kept_by_nobody(shop: Shop) -> None:
    for endpoint in ENDPOINTS:
        path = re.sub(r"\{\w+\}", "00000000-0000-7000-8000-000000000001", endpoint.path)
        answer = await shop.http.request(endpoint.method, path)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
