"""A shop with an enrolled terminal, for each test its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from terminal.composition import Terminal
from terminal.store import vault
from terminal.texts import speak
from tests.terminal.shop import FakeClock, Series, Shop, secret_of_tests, wallet_of


@pytest.fixture(autouse=True)
def _cheap_vaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """64 MiB for each opening would make the suite slow; one test opens a vault as it is."""
    monkeypatch.setattr(vault, "_T", 1)
    monkeypatch.setattr(vault, "_M_KIB", 8)


@pytest.fixture(autouse=True)
def _in_english() -> None:
    """Whatever the test before has spoken."""
    speak("en")


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    made = Shop(tmp_path / "home")
    made.enrol()
    return made


@pytest.fixture
def live_shop(tmp_path: Path) -> Shop:
    """A shop by this machine's own clocks, for terminals that run as processes; its unlock secret is in its home."""
    made = Shop(tmp_path / "home", clock=FakeClock.of_now())
    made.home.mkdir(mode=0o700)
    (made.home / "unlock").write_bytes(secret_of_tests(made.home).reveal())
    (made.home / "unlock").chmod(0o600)
    made.enrol()
    return made


@pytest.fixture
def anna(shop: Shop) -> Series:
    """A customer in the book, with five codes of 50.00."""
    return shop.issue(wallet_of(1))


@pytest.fixture
def terminal(shop: Shop, anna: Series) -> Iterator[Terminal]:  # noqa: ARG001 - the book is filled first
    with shop.terminal() as opened:
        yield opened
