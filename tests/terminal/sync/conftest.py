from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.terminal.sync.fake_server import FakeServer
from tests.terminal.sync.till import Till


@pytest.fixture
def server() -> FakeServer:
    return FakeServer()


@pytest.fixture
def fresh(tmp_path: Path, server: FakeServer) -> Iterator[Till]:
    """A terminal that is not enrolled."""
    with Till(tmp_path / "till", server) as till:
        yield till


@pytest.fixture
def till(fresh: Till) -> Till:
    """An enrolled terminal."""
    fresh.enrol()
    return fresh
