"""A process that sells codes from argv, and is killed at a step of the sale if told to; prints what was approved.

python -m tests.terminal.selling_process HOME WALLET STEP CODE…
"""

import os
import signal
import sys
from pathlib import Path

from shared.money import Money
from terminal.composition import Terminal
from terminal.till.sale import Sales
from terminal.till.sale_request import SaleRequest
from tests.terminal.shop import secret_of_tests


def main(home: str, wallet: str, kill_at: str, *codes: str) -> None:
    def checkpoint(step: str) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with Terminal.open(Path(home), secret=secret_of_tests) as terminal:
        sales = Sales(terminal.till.parts, checkpoint)
        for code in codes:
            answer = sales.sell(SaleRequest(amount=Money(1_00, "EUR"), wallet=wallet, code=code))
            sys.stdout.write(f"{'approved' if answer.approved else answer.reasons}\n")
            sys.stdout.flush()


main(*sys.argv[1:])
