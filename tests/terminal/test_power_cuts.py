"""What is left when a sale is cut off, the disk is full, or two processes sell at once: no sale, or a whole one."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from shared.journal import Payment
from tests.terminal.shop import Shop, check_chain, sell, wallet_of

ROOT = Path(__file__).parents[2]
PROCESS = [sys.executable, "-m", "tests.terminal.selling_process"]


def _run(shop: Shop, wallet: str, kill_at: str, *codes: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROCESS, str(shop.home), wallet, kill_at, *codes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("step", "sold"), [("guessed", False), ("derived", False), ("journalled", False), ("committed", True)]
)
def test_kill_9_at_any_step_of_a_sale_leaves_no_sale_or_the_whole_one(live_shop: Shop, step: str, sold: bool) -> None:
    anna = live_shop.issue(wallet_of(1))
    ended = _run(live_shop, anna.wallet, step, anna.codes[0])
    assert ended.returncode == -9, ended.stderr
    assert ended.stdout == ""  # nothing was approved on a screen before it was durable
    with live_shop.terminal() as terminal:
        records = check_chain(terminal)
        assert [type(record).__name__ for record in records] == (["ShiftOpen", "Payment"] if sold else [])
        assert len(terminal.payments.unsynced()) == sold
        # The guess was counted before the code was tried, and is taken back with the sale alone.
        assert terminal.store.value("SELECT count(*) FROM guess") == (not sold)
        again = sell(terminal, "1.00", wallet=anna.wallet, code=anna.codes[0])
        assert again.approved is not sold
        if sold:
            assert again.reasons == ("CODE_SPENT",)
        check_chain(terminal)


def test_two_processes_sell_at_once_on_one_chain(live_shop: Shop) -> None:
    customers = [live_shop.issue(wallet_of(number), count=5) for number in (1, 2)]
    running = [
        subprocess.Popen(
            [*PROCESS, str(live_shop.home), customer.wallet, "never", *customer.codes],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for customer in customers
    ]
    for process in running:
        said, trouble = process.communicate(timeout=60)
        assert said.split() == ["approved"] * 5, trouble
    with live_shop.terminal() as terminal:
        records = check_chain(terminal)
        assert [type(record).__name__ for record in records] == ["ShiftOpen"] + ["Payment"] * 10
        assert {record.wallet for record in records if isinstance(record, Payment)} == {c.wallet for c in customers}
        assert terminal.payments.exposure().total == 10_00


def test_two_processes_never_sell_one_code_twice(live_shop: Shop) -> None:
    anna = live_shop.issue(wallet_of(1))
    running = [
        subprocess.Popen(
            [*PROCESS, str(live_shop.home), anna.wallet, "never", anna.codes[0]],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    said = sorted(process.communicate(timeout=60)[0].strip() for process in running)
    assert said == ["('CODE_SPENT',)", "approved"]


def _sell_by_command(shop: Shop, wallet: str, code: str, file_limit: int | None) -> subprocess.CompletedProcess[str]:
    def limit() -> None:
        if file_limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (file_limit, file_limit))

    return subprocess.run(
        [
            *(sys.executable, "-m", "terminal", "sell", "--json"),
            *("--wallet", wallet, "--code", code, "--amount", "1.00"),
        ],
        cwd=ROOT,
        env={**os.environ, "TALLYSTICK_HOME": str(shop.home)},
        preexec_fn=limit,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_full_disk_refuses_the_sale_before_it_is_approved(live_shop: Shop) -> None:
    anna = live_shop.issue(wallet_of(1), count=10)
    # From no room at all to room for the guess but not for the sale; every kind of failure has to show once.
    guessed: set[int] = set()
    for pages in range(0, 40, 4):
        ended = _sell_by_command(live_shop, anna.wallet, anna.codes[0], pages * 4_096)
        with live_shop.terminal() as terminal:
            records = check_chain(terminal)
            if ended.returncode == 0:
                assert json.loads(ended.stdout)["approved"]
                assert len(records) == 2
                break
            assert ended.returncode == 6, ended.stderr
            assert "can't be written" in json.loads(ended.stdout)["error"]["message"]
            assert ended.stderr.count("\n") == 1
            assert records == []
            assert terminal.payments.unsynced() == []
            guessed.add(terminal.store.value("SELECT count(*) FROM guess"))
        live_shop.run("DELETE FROM guess")
    assert guessed == {0, 1}
    assert _sell_by_command(live_shop, anna.wallet, anna.codes[1], None).returncode == 0
