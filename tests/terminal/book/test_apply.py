"""A page of the book: applied whole, or refused and nothing changed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.errors import DecodingError, SignatureError, TallystickError
from shared.messages.book import Cashier, sign_book
from shared.policy import Policy
from terminal.book.apply import apply_page, read_standing
from terminal.book.errors import (
    ExpiredBookError,
    ForeignBookError,
    MisplacedPageError,
    NewGenerationError,
    OlderBookError,
    OlderGenerationError,
)
from terminal.book.lookup import CodeBook
from tests.terminal.sync.fake_server import DAY_MS, DEVICE, START, FakeServer, key_of, series
from tests.terminal.sync.till import Till


@pytest.fixture
def till(tmp_path: Path) -> Iterator[Till]:
    """A terminal whose book stands at version 5 of generation 2."""
    with Till(tmp_path / "till", FakeServer()) as made:
        made.enrol()
        apply(made, generation=2, version=5, series=(series(1), series(2)), policy=Policy(payment_limit=1))
        yield made


def apply(till: Till, *, key: int = 1, **changes: Any) -> None:
    apply_page(till.store, DEVICE, sign_book(till.server.page(**changes), key_of(key)), till.clock)


def contents(till: Till) -> list[list[dict[str, Any]]]:
    tables = ("book", "book_series", "book_closed", "server_key", "server_clock")
    return [till.store.rows(f"SELECT * FROM {table}") for table in tables]  # noqa: S608 - names of our own


REFUSED: dict[str, tuple[dict[str, Any], type[TallystickError]]] = {
    "foreign": ({"device": bytes(16)}, ForeignBookError),
    "older": ({"version": 4, "since": 4}, OlderBookError),
    "older generation": ({"generation": 1, "version": 99}, OlderGenerationError),
    "expired": ({"issued_at": START - DAY_MS, "expires_at": START}, ExpiredBookError),
    "not from where the terminal stands": ({"since": 4}, MisplacedPageError),
    "from the start again": ({"since": 0, "version": 8}, MisplacedPageError),
    "from the middle of a new generation": ({"generation": 3}, NewGenerationError),
    "leading nowhere": ({"version": 5, "more": True}, MisplacedPageError),
    "unknown key": ({"key": 9}, SignatureError),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refused_page_changes_nothing(till: Till, case: str) -> None:
    changes, refusal = REFUSED[case]
    before = contents(till)
    usual = {"generation": 2, "version": 6, "since": 5, "series": (series(9),), "closed": (series(1).series,)}
    with pytest.raises(refusal):
        apply(till, **{**usual, **changes})
    assert contents(till) == before


def test_no_bit_of_a_page_can_be_flipped(till: Till) -> None:
    before = contents(till)
    page = till.server.page(generation=2, version=6, since=5)
    raw = sign_book(page, key_of(1))
    for position in range(0, len(raw), 7):
        flipped = bytearray(raw)
        flipped[position] ^= 1 << position % 8
        with pytest.raises((SignatureError, DecodingError)):
            apply_page(till.store, DEVICE, bytes(flipped), till.clock)
    assert contents(till) == before


def test_a_series_is_replaced_whole_and_a_closed_one_is_gone(till: Till) -> None:
    spent = msgspec.structs.replace(series(1), spent=(0,))
    apply(till, generation=2, since=5, version=6, series=(spent,), closed=(series(2).series,))
    book = CodeBook(till.store)
    assert [found.spent for found in book.find(series(1).wallet)] == [frozenset({0})]
    assert book.series(series(2).series) is None
    assert book.is_closed(series(2).series)
    assert not book.is_closed(series(1).series)


def test_a_series_that_is_listed_again_is_closed_no_more(till: Till) -> None:
    apply(till, generation=2, since=5, version=6, closed=(series(2).series,))
    apply(till, generation=2, since=6, version=7, series=(series(2),))
    book = CodeBook(till.store)
    assert not book.is_closed(series(2).series)
    assert [found.series for found in book.find(series(2).wallet)] == [series(2).series]


def test_a_page_of_5000_series_has_each_of_them_in_the_book(till: Till) -> None:
    listed = tuple(series(number) for number in range(10, 5_010))
    apply(till, generation=2, since=5, version=6, series=listed)
    book = CodeBook(till.store)
    assert book.count() == 5_002
    for wanted in (listed[0], listed[2_500], listed[-1]):
        (found,) = book.find(wanted.wallet)
        assert (found.series, found.verifiers, found.caps) == (wanted.series, wanted.verifiers, wanted.caps)


def test_only_the_last_page_renews_the_age(till: Till) -> None:
    before = read_standing(till.store)
    assert before is not None
    apply(till, generation=2, since=5, version=6, more=True, issued_at=START + 1_000)
    middle = read_standing(till.store)
    assert middle is not None
    assert (middle.issued_at, middle.complete) == (before.issued_at, False)
    apply(till, generation=2, since=6, version=6, issued_at=START + 2_000, expires_at=START + DAY_MS)
    after = read_standing(till.store)
    assert after is not None
    assert (after.issued_at, after.expires_at, after.complete) == (START + 2_000, START + DAY_MS, True)


def test_blocked_policy_and_cashiers_are_complete_each_time(till: Till) -> None:
    book = CodeBook(till.store)
    assert book.policy().payment_limit == 1
    cashier = Cashier(id="c1", name="Ben", role="supervisor", pin="$argon2id$x")
    apply(till, generation=2, since=5, version=6, blocked=("2026112108",), cashiers=(cashier,))
    assert book.is_blocked("2026112108")
    assert book.cashiers() == (cashier,)
    assert book.policy() == Policy()
    apply(till, generation=2, since=6, version=7)
    assert not book.is_blocked("2026112108")
    assert book.cashiers() == ()


def test_an_old_page_does_not_set_the_server_clock_back(till: Till) -> None:
    apply(till, generation=2, since=5, version=6, issued_at=START + 60_000)
    till.clock.pass_time(10_000)
    apply(till, generation=2, since=6, version=6, issued_at=START + 1_000)
    assert till.store.value("SELECT server_time FROM server_clock") >= START + 70_000


def test_the_first_page_of_all_begins_at_0(tmp_path: Path) -> None:
    with Till(tmp_path / "new", FakeServer()) as till:
        till.enrol()
        with pytest.raises(NewGenerationError):
            apply(till, since=3, version=4)
        assert read_standing(till.store) is None


def test_a_book_of_100_000_series_answers_at_once(till: Till) -> None:
    with till.store.transaction():
        till.store.execute(
            "WITH RECURSIVE n (i) AS (SELECT 100 UNION ALL SELECT i + 1 FROM n WHERE i < 100100) "
            "INSERT INTO book_series SELECT unhex(printf('%032d', i)), printf('%010d', i), 'A. B.', 2, 19456, "
            "zeroblob(80), '[1,2,3,4,5]', '[]', 1 FROM n"
        )
    plan = till.store.rows(
        "EXPLAIN QUERY PLAN SELECT series FROM book_series WHERE wallet = '0000000200' ORDER BY expires_at DESC"
    )
    assert any("book_series_by_wallet" in row["detail"] for row in plan)
    assert len(CodeBook(till.store).find("0000000200")) == 1
