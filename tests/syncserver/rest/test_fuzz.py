"""Requests made from the OpenAPI document: no answer breaks what the document says, and none says that we broke.

A few for each operation here; TALLYSTICK_FUZZ_REQUESTS names how many in all for the long form (docs/api.md).
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
import schemathesis
import uvicorn
import uvloop
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from shared.ids import uuid_text
from syncserver.api.app import make_app
from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.openapi import document
from syncserver.commands.serving import listen
from syncserver.database.connect import DatabaseTarget
from syncserver.people.access import Role
from tests.conftest import DatabaseServer
from tests.syncserver.kit import Shop, Unlimited, open_shop
from tests.syncserver.rest.kit import customer, person

REQUESTS = "TALLYSTICK_FUZZ_REQUESTS"
EACH_MODE = 25
CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
DOCUMENT = document(ENDPOINTS)
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)


def _operations() -> list[tuple[str, str]]:
    """What takes anything, as JSON or as a form; signed CBOR has tests of its own."""
    return [
        (path, method)
        for path, found in DOCUMENT["paths"].items()
        for method, operation in found.items()
        if not path.startswith("/api/sync/") and (operation.get("parameters") or "requestBody" in operation)
    ]


def each_mode() -> int:
    """Requests for each operation, of those that fit the document and of those that do not."""
    asked = os.environ.get(REQUESTS)
    return max(1, int(asked) // (2 * len(_operations()))) if asked else EACH_MODE


@dataclass(slots=True)
class Served:
    """A shop behind a port, in a thread with a loop of its own."""

    target: DatabaseTarget
    url: str = ""
    ids: list[str] = field(default_factory=list)
    askers: dict[str, dict[str, str]] = field(default_factory=dict)
    wrong: tuple[Any, ...] | None = None
    error: BaseException | None = None
    _ready: threading.Event = field(default_factory=threading.Event)
    _server: uvicorn.Server | None = None

    def run(self) -> None:
        try:
            # As it is served; asyncio's own loop would let each answer wait 40 ms for an acknowledgement.
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is told by the thread that waits
            self.error = error
        finally:
            self._ready.set()

    def wait(self) -> None:
        self._ready.wait()
        if self.error is not None:
            raise self.error

    def stop(self) -> None:
        if self._server is not None:
            self._server.should_exit = True

    async def _serve(self) -> None:
        async with open_shop(self.target) as shop:
            await self._people(shop)
            app = make_app(shop.services, limits=Unlimited())
            self._server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_config=None, access_log=False))
            with listen("127.0.0.1", 0) as listener:
                self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
                self._ready.set()
                await self._server.serve(sockets=[listener])
            await shop.assert_reconciled()

    async def _people(self, shop: Shop) -> None:
        everybody = [(await customer(shop))[0] for _ in range(2)]
        everybody += [person(shop, role, vendor=shop.vendor if role is Role.VENDOR else None)
                      for role in Role if role is not Role.CUSTOMER]  # fmt: skip
        self.ids = [*(one.id for one in everybody), uuid_text(shop.vendor)]
        # The test's clock stands still, so that no token expires.
        self.askers = {f"{one.caller.role.value} {number}": one.headers for number, one in enumerate(everybody)}
        till = await shop.terminal()
        self.askers |= {"terminal": {"Authorization": f"Bearer {till.access}"}, "nobody": {}}


@pytest.fixture(scope="module")
def served(database_server: DatabaseServer, template_database: str) -> Iterator[Served]:
    """One server for all requests; at the end its money must be in order."""
    with database_server.fresh("fuzz", template_database) as target, serve(target) as serving:
        yield serving


@contextmanager
def serve(target: DatabaseTarget) -> Iterator[Served]:
    serving = Served(target)
    thread = threading.Thread(target=serving.run)
    thread.start()
    try:
        serving.wait()
        yield serving
    finally:
        serving.stop()
        thread.join()
    if serving.error is not None:
        raise serving.error


@pytest.mark.timeout(0 if REQUESTS in os.environ else 120)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.name.lower())
@pytest.mark.parametrize(("path", "method"), _operations(), ids=lambda part: part)
def test_answers_are_as_the_document_says(served: Served, path: str, method: str, mode: GenerationMode) -> None:
    operation: APIOperation[Any, Any, Any, Any] = SCHEMA[path][method.upper()]
    asked = 0

    @settings(
        max_examples=each_mode(),
        deadline=None,
        database=None,
        derandomize=REQUESTS not in os.environ,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
    )
    @given(
        case=operation.as_strategy(generation_mode=mode),
        asker=st.sampled_from(sorted(served.askers)),
        known=st.none() | st.sampled_from(served.ids),
    )
    def ask(case: "Case[Any]", asker: str, known: str | None) -> None:
        nonlocal asked
        asked += 1
        if known is not None:
            for name in case.path_parameters:
                case.path_parameters[name] = known
        # The address is said each time: an operation keeps the one it was made with, of a server that may be gone.
        answer = case.call(served.url, session, served.askers[asker])
        case.validate_response(answer, checks=CHECKS)

    with requests.Session() as session:
        ask()
    assert asked
