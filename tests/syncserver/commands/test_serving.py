"""What `server run` tells whoever started it."""

import json
import subprocess
import sys

import httpx
import pytest

from syncserver.commands.serving import url_of


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_address_that_it_prints_is_one_that_can_be_asked(host: str) -> None:
    url = httpx.URL(url_of(host, 8400))
    assert (url.scheme, url.host, url.port) == ("http", host, 8400)


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
