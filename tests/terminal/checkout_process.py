"""A process that pays the sale in hand with codes from argv, and is killed at a step if told to.

python -m tests.terminal.checkout_process HOME WALLET STEP CODE…
"""

import os
import signal
import sys
from pathlib import Path

from terminal.composition import Terminal
from terminal.till.till import Till
from tests.terminal.shop import secret_of_tests


def main(home: str, wallet: str, kill_at: str, *codes: str) -> None:
    def checkpoint(step: str) -> None:
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    with Terminal.open(Path(home), secret=secret_of_tests) as terminal:
        till = Till.of(terminal.till.parts, checkpoint)
        for code in codes:
            answer = till.checkout.pay(wallet=wallet, code=code)
            sys.stdout.write(f"{'approved' if answer.approved else answer.reasons}\n")
            sys.stdout.flush()


main(*sys.argv[1:])
