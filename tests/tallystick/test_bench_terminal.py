"""What the bench of a terminal makes of what it measured."""

from pathlib import Path

from tallystick.bench.processes import Memory
from tallystick.bench.rounds import Drained, Sale, Series, slices_of
from tallystick.bench.terminal import FULL, QUICK, outcome

PROMISED = [
    "records",
    "customers",
    "sale_ms_p50_large",
    "sale_ms_p95_large",
    "argon2id_ms_p50_large",
    "decision_ms_p50_large",
    "decision_ms_p95_large",
    "decision_cpu_ms_p95_large",
    "decision_ms_p95_small",
    "start_s_large",
    "start_vault_s_large",
    "start_imports_s_large",
    "command_s_large",
    "memory_mb_large",
    "memory_opened_mb_large",
    "drain_payments_per_s",
    "drain_terminal_cpu_share",
    "drain_memory_mb",
]


def measured(name: str, *, decision: float) -> Series:
    """One round of ten sales, each with 20 ms of Argon2id."""
    sales = [Sale(20.0 + decision, 20.0, 18.0 + decision / 2, 18.0) for _ in range(10)]
    one = [0.1]
    return Series(
        name,
        Path("nowhere"),
        (),
        interpreter=one,
        imports=one,
        opening=one,
        looking=one,
        start=[0.4],
        unlock=one,
        command=[0.5],
        opened=[Memory(40.0, 100.0)],
        sold=[Memory(41.0, 101.0)],
        sales=[sales],
    )


DRAINED = Drained(2_000, 4.0, 1.0, (480.0, 500.0), {"settled": 2_000}, 99.0)


def test_every_figure_has_its_name_and_argon2id_stands_apart() -> None:
    part = outcome(QUICK, {name: measured(name, decision=4.0) for name in QUICK.stores}, DRAINED)
    assert [name for name in PROMISED if name not in part.figures] == []
    assert (part.figures["decision_ms_p95_large"], part.figures["decision_cpu_ms_p95_large"]) == (4.0, 2.0)
    assert (part.figures["drain_payments_per_s"], part.figures["drain_terminal_cpu_share"]) == (500.0, 0.25)
    assert part.figures["rounds"]["start_s_large"]["rounds"] == [0.4]


def test_targets_are_held_by_the_worst_of_the_large_stores() -> None:
    quick = {"small": measured("small", decision=99.0), "large": measured("large", decision=4.0)}
    assert [(target.met, target.bound) for target in outcome(QUICK, quick, DRAINED).targets] == [
        (True, 10),
        (True, 1.5),
        (True, 120),
    ]
    full = quick | {"queued": measured("queued", decision=10.5)}
    assert [target.met for target in outcome(FULL, full, DRAINED).targets] == [False, True, True]


def test_stretches_of_an_upload_are_told_one_after_another() -> None:
    batches = [(number * 1_000, 500) for number in range(4)] + [(3_000 + number * 2_000, 500) for number in range(1, 5)]
    assert slices_of([*batches, (99_000, 1)]) == (500.0, 500.0, 500.0, 250.0, 250.0, 250.0, 250.0)
