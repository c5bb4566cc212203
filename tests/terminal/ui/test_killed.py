"""kill -9 at any moment: started again, the till shows no sale or the finished one, and nothing is lost or doubled.

TALLYSTICK_KILLS=1000 makes the loop longer.
"""

import multiprocessing
import os
import random
import signal
import time
from pathlib import Path

import pytest

from shared.journal import Payment
from shared.policy import Policy
from tests.terminal.shop import Shop, check_chain, wallet_of
from tests.terminal.ui import selling_app

KILLS = int(os.environ.get("TALLYSTICK_KILLS", "50"))
CODES = 10
# A start and two sales: a kill may hit any moment of either.
LINES = 3
ROOMY = Policy(
    exposure_limit=10**9,
    exposure_count=10**6,
    daily_limit=10**9,
    rate_count=10**6,
    streak_warn=10**6,
    streak_stop=10**6,
    guesses_sale=10**6,
    guesses_customer_hour=10**6,
    guesses_terminal_hour=10**6,
)


@pytest.mark.timeout(max(240, KILLS * 4))
def test_kill_9_at_any_moment_loses_no_sale_doubles_none_and_leaves_no_doubt(live_shop: Shop, tmp_path: Path) -> None:
    live_shop.publish(policy=ROOMY)
    cards = []
    for number in range(1, 3 + KILLS):
        series = live_shop.issue(wallet_of(number), count=CODES)
        cards.append((series.wallet, series.codes))
    notes, seed = tmp_path / "notes", random.randrange(2**32)  # noqa: S311 - a seed
    dice = random.Random(seed)  # noqa: S311 - when to kill
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([selling_app.__name__])

    def started() -> multiprocessing.process.BaseProcess:
        process = processes.Process(target=selling_app.sell_on, args=(live_shop.home, notes, cards))
        process.start()
        return process

    longest = _until_it_has_sold(started(), notes)
    for _ in range(KILLS):
        process = started()
        process.join(dice.uniform(0, longest))
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL, f"seed {seed}: it ended by itself with {process.exitcode}"
    _check(live_shop, notes, f"seed {seed}")


def _until_it_has_sold(process: multiprocessing.process.BaseProcess, notes: Path) -> float:
    """How long this machine takes for a start and two sales, in seconds."""
    begun = time.monotonic()
    while not notes.exists() or len(notes.read_text().splitlines()) < LINES:
        process.join(0.02)
        assert process.exitcode is None, f"it ended by itself with {process.exitcode}"
    took = time.monotonic() - begun
    process.kill()
    process.join()
    return took


def _check(shop: Shop, notes: Path, seed: str) -> None:
    with shop.terminal() as terminal:
        paid = [record for record in check_chain(terminal) if isinstance(record, Payment)]
        codes = [(record.series, record.index) for record in paid]
        assert len(set(codes)) == len(codes) == len(terminal.payments.latest(len(codes) + 1)), seed
        in_hand = terminal.till.checkout.current()
    assert {record.amount for record in paid} <= {selling_app.AMOUNT}, seed
    shown = 0
    for line in notes.read_text().splitlines():
        what, count = line.split()
        # Each payment is shown to somebody, once: right after it was made, or first of all after a restart. A verdict
        # that was on the screen when the plug was pulled may be shown again.
        assert int(count) == shown if what == "nothing" else int(count) in (shown, shown + 1), f"{seed}: {line}"
        assert what != "seen" or int(count) == shown + 1, f"{seed}: {line}"
        shown = int(count)
    assert len(paid) == shown or (len(paid) == shown + 1 and in_hand is not None and in_hand.complete), seed
