"""Files of sales, good and broken."""

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.journal import Payment
from terminal.commands.app import app
from tests.terminal.shop import Series, Shop, check_chain, wallet_of

Play = Callable[..., tuple[int, dict[str, Any]]]


@pytest.fixture
def customer(live_shop: Shop) -> Series:
    return live_shop.issue(wallet_of(1), count=10)


@pytest.fixture
def play(live_shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Play:
    monkeypatch.setenv("TALLYSTICK_HOME", str(live_shop.home))

    def run(content: str | bytes) -> tuple[int, dict[str, Any]]:
        file = tmp_path / "sales.csv"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        with pytest.raises(SystemExit) as ended:
            app(["run-sales", str(file), "--json"])
        return int(str(ended.value.code)), json.loads(capsys.readouterr().out)

    return run


def _iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat().replace("+00:00", "Z")


def test_each_row_is_a_sale_of_its_own(play: Play, live_shop: Shop, customer: Series) -> None:
    ben = live_shop.issue(wallet_of(2), in_book=False)
    then = live_shop.clock.now() - 60_000
    code, found = play(
        "wallet,code,voucher,amount,time,place\n"
        f'{customer.wallet},{customer.codes[0]},,10.00,{_iso(then)},"59.5,24.8"\n'
        f",{ben.codes[0]},{ben.vouchers[0]},1.00,,\n"
        "\n"
        f"{customer.wallet},{customer.codes[0]},,10.00,,\n"
        f"{customer.wallet},{customer.codes[1]},,ten,,\n"
    )
    assert code == 1
    assert [(row["row"], row["outcome"]) for row in found["results"]] == [
        (1, "approved"),
        (2, "approved"),
        (3, "refused"),
        (4, "broken"),
    ]
    assert (found["approved"], found["refused"], found["broken"]) == (2, 1, 1)
    with live_shop.terminal() as terminal:
        first = next(record for record in check_chain(terminal) if isinstance(record, Payment))
    assert (first.at, first.lat, first.lon) == (then // 1, 595_000_000, 248_000_000)
    assert found["results"][0]["reasons"] == []


@pytest.mark.parametrize(
    "row",
    [
        "{wallet},{code},1.00,2026-13-01,",
        "{wallet},{code},1.00,2999-01-01T00:00:00Z,",
        "{wallet},{code},1.00,0001-01-01,",
        "{wallet},{code},1.00,,59.4",
        '{wallet},{code},1.00,,"91,0"',
        "{wallet},{code},1.00",
        "{wallet},{code},1.00,,,,",
        "{wallet},123,1.00,,",
        "123,{code},1.00,,",
        ",{code},1.00,,",
        "{wallet},{code},,,",
        "{wallet},{code},1e3,,",
        "{wallet},{code},-1,,",
        "{wallet},{code},99999999999999999999,,",
        "\0,{code},1.00,,",
    ],
)
def test_a_broken_row_says_why_and_stops_nothing(play: Play, customer: Series, row: str) -> None:
    bad = row.format(wallet=customer.wallet, code=customer.codes[0])
    good = f"{customer.wallet},{customer.codes[1]},1.00,,"
    code, found = play(f"wallet,code,amount,time,place\n{bad}\n{good}\n")
    assert code == 1
    assert [row["outcome"] for row in found["results"]] == ["broken", "approved"]
    assert found["results"][0]["message"]


def test_bytes_that_are_no_text_and_a_cell_without_end(play: Play, customer: Series) -> None:
    good = f"{customer.wallet},{customer.codes[1]},1.00\n".encode()
    _, found = play(b"wallet,code,amount\n\xff\xfe,x,1\n" + good)
    assert [row["outcome"] for row in found["results"]] == ["broken", "approved"]
    code, found = play(b'wallet,code,amount\n"' + b"x" * 3_000_000 + b"\n")
    assert code == 1
    assert found["approved"] == 0


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\n",
        b"wallet,code\n",
        b"code,amount\n",
        b"wallet,code,amount,colour\n",
        b"wallet,wallet,code,amount\n",
        os.urandom(2_000).replace(b"\n", b""),
    ],
)
def test_a_file_without_a_header_that_fits_is_wrong_usage(play: Play, content: bytes) -> None:
    code, found = play(content)
    assert code == 2
    assert found["error"]["code"] == "BAD_SALES_FILE"


def test_a_file_of_nothing_but_its_header_sells_nothing(play: Play) -> None:
    code, found = play("\ufeffWallet, Code ,amount\n")
    assert (code, found) == (0, {"results": [], "approved": 0, "refused": 0, "broken": 0})


def test_a_file_can_not_guess_faster_than_a_cashier(play: Play, live_shop: Shop, customer: Series) -> None:
    hour = 3_600_000
    rows = "".join(f"{customer.wallet},00000000,1.00,{_iso(live_shop.clock.now() - n * hour)}\n" for n in range(9))
    code, found = play(f"wallet,code,amount,time\n{rows}")
    assert code == 0
    assert [row["locked"] for row in found["results"]] == [False] * 3 + [True] * 6


def test_a_huge_file_is_played_row_by_row(play: Play) -> None:
    code, found = play("wallet,code,amount\n" + "1,2,3\n" * 20_000)
    assert (code, found["broken"]) == (1, 20_000)
