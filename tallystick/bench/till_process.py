"""The terminal's own process, as a bench starts it: opened by the real composition root, it sells or it uploads.

Run as `python -m tallystick.bench.till_process sell|drain`, with TALLYSTICK_HOME. It answers in lines of JSON, each
when it has got that far, and goes on when it is sent a line. Moments are of the monotonic clock in s, which all
processes of a machine share.
"""

import json
import os
import sys
import time

BEGAN = time.monotonic()
# Imported where they are needed: what they cost is measured.


def tell(**said: object) -> None:
    """One line for the bench."""
    print(json.dumps(said), flush=True)


def hear() -> list[list[object]]:
    """What the bench says next."""
    heard: list[list[object]] = json.loads(sys.stdin.readline() or "[]")
    return heard


def sell() -> None:
    """Open the terminal, look at it once, sell what is asked for, and open the vault once more.

    Of each sale it tells the ms that it took, and those of them that Argon2id took; then both as processor time.
    """
    from shared.money import Money  # noqa: PLC0415 - see the top
    from terminal.composition import Terminal  # noqa: PLC0415
    from terminal.settings import home_folder  # noqa: PLC0415
    from terminal.store import vault  # noqa: PLC0415
    from terminal.store.unlock import find_secret  # noqa: PLC0415
    from terminal.till.sale_request import SaleRequest  # noqa: PLC0415
    from terminal.till.till import Till  # noqa: PLC0415

    imported = time.monotonic()
    wall: dict[str, float] = {}
    cpu: dict[str, float] = {}

    def passed(step: str) -> None:
        wall[step], cpu[step] = time.perf_counter(), time.process_time()

    with Terminal.open(home_folder()) as terminal:
        opened = time.monotonic()
        till = Till.of(terminal.till.parts, passed)
        waiting = till.views.status().queue.records
        ready = time.monotonic()
        tell(began=BEGAN, imported=imported, opened=opened, ready=ready, waiting=waiting)
        sales = []
        for wallet, code, minor in hear():
            request = SaleRequest(amount=Money(int(str(minor)), till.currency), code=str(code), wallet=str(wallet))
            begin, busy = time.perf_counter(), time.process_time()
            answer = till.sales.sell(request)
            busy, end = time.process_time() - busy, time.perf_counter()
            if not answer.approved:
                tell(refused=answer.sentence, reasons=answer.reasons)
                return
            argon2id = wall["derived"] - wall["guessed"]
            argon2id_busy = cpu["derived"] - cpu["guessed"]
            sales.append([1_000 * took for took in (end - begin, argon2id, busy, argon2id_busy)])
        tell(sales=sales)
        hear()
        begin = time.perf_counter()
        vault.Vault.open(terminal.vault.path, find_secret(terminal.home), os.urandom)
        tell(seconds=time.perf_counter() - begin)


def drain() -> None:
    """Upload all that waits, then tell what the server answered and what that took of this process, in s."""
    from terminal.composition import Terminal  # noqa: PLC0415 - see the top
    from terminal.journal.device import read_device  # noqa: PLC0415
    from terminal.settings import home_folder  # noqa: PLC0415

    with Terminal.open(home_folder()) as terminal:
        from terminal.sync.batches import Batches  # noqa: PLC0415 - as `terminal sync` does, after unlocking
        from terminal.sync.client import DeviceClient, DeviceIdentity  # noqa: PLC0415
        from terminal.sync.exchange import Exchange  # noqa: PLC0415
        from terminal.sync.push import Push  # noqa: PLC0415
        from terminal.sync.receipts import Receipts  # noqa: PLC0415

        device, clock = read_device(terminal.store), terminal.clock
        identity = DeviceIdentity(device.device, device.server_id, terminal.vault.device_key(device.epoch))
        tell(ready=time.monotonic())
        hear()
        with Exchange(device.server_url, clock) as exchange:
            push = Push(
                DeviceClient(exchange, identity, clock, os.urandom),
                Batches(terminal.store, clock, os.urandom),
                Receipts(terminal.store, device.device, clock),
            )
            begin, busy = time.perf_counter(), time.process_time()
            push.run()
            seconds, busy = time.perf_counter() - begin, time.process_time() - busy
        tell(seconds=seconds, busy=busy, records=push.progress.records, statuses=dict(push.progress.statuses))
        hear()


if __name__ == "__main__":
    {"sell": sell, "drain": drain}[sys.argv[1]]()
