"""What `server run` tells whoever started it."""

import httpx
import pytest

from syncserver.commands.serving import url_of


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_the_address_that_it_prints_is_one_that_can_be_asked(host: str) -> None:
    url = httpx.URL(url_of(host, 8400))
    assert (url.scheme, url.host, url.port) == ("http", host, 8400)
