"""What `server run` tells whoever started it."""

import json
import resource
import subprocess
import sys

import httpx
import pytest

from syncserver.api.connection import MOST_CONNECTIONS, BoundedConnection
from syncserver.commands.serving import make_room_for_connections, url_of


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_address_that_it_prints_is_one_that_can_be_asked(host: str) -> None:
    url = httpx.URL(url_of(host, 8400))
    assert (url.scheme, url.host, url.port) == ("http", host, 8400)


@pytest.mark.parametrize(
    ("limits", "raised_to", "connections"),
    [
        pytest.param((1_024, 1_048_576), 4_224, 4_096, id="as it often stands"),
        pytest.param((1_024, 2_000), 2_000, 1_872, id="a low one that must not be passed"),
        pytest.param((65_536, 65_536), None, 4_096, id="high enough"),
        pytest.param((resource.RLIM_INFINITY, resource.RLIM_INFINITY), None, 4_096, id="none"),
    ],
)
def test_it_takes_no_more_connections_than_it_may_have_files(
    monkeypatch: pytest.MonkeyPatch, limits: tuple[int, int], raised_to: int | None, connections: int
) -> None:
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, to: told.append(to))
    monkeypatch.setattr(BoundedConnection, "most_connections", MOST_CONNECTIONS)
    make_room_for_connections()
    assert told == ([] if raised_to is None else [(raised_to, limits[1])])
    assert BoundedConnection.most_connections == connections


def test_each_line_of_its_log_is_one_object_also_where_a_library_has_something_to_say() -> None:
    script = """
import logging, structlog
from syncserver.commands.serving import _log_to_stderr
_log_to_stderr()
structlog.get_logger().info("payment", wallet="1")
try:
    raise ConnectionResetError("gone")
except ConnectionResetError:
    logging.getLogger("asyncpg.pool").warning("try %d failed", 2, exc_info=True)
logging.getLogger("asyncpg.pool").info("of no interest")
"""
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    own, foreign = (json.loads(line) for line in said.stderr.splitlines())
    assert (own["event"], own["level"], own["wallet"]) == ("payment", "info", "1")
    assert (foreign["event"], foreign["level"]) == ("try 2 failed", "warning")
    assert foreign["exception"].endswith("ConnectionResetError: gone")
