"""What storms came to, as figures, rows and targets."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tallystick.bench.fleet import UNREACHABLE, Outcome
from tallystick.bench.measures import percentile
from tallystick.bench.probe import LAG, Latencies
from tallystick.bench.report import Part, Target

# Load balancers and service managers give a probe between one and five seconds.
PROBE_P95_MS = 1_000.0
# 32 MiB of bodies, 2,000 connections of about 20 KiB, two batches being settled, and as much again for what Python's
# allocator keeps. What must not happen is that it grows with the number of terminals or with how long they wait.
MEMORY_GROWTH_MIB = 128.0


@dataclass(frozen=True, slots=True)
class Weathered:
    """How a fleet fared in one storm, and everybody else.

    Attributes:
        outcome: of the fleet.
        latencies: of the probe, by question.
        memory: the server's, in MiB, ten times a second from before the storm to its end.
        high_water: the most that the server ever used, in MiB.
        cpu: processor time that the server used, in seconds.
        members: how many terminals there are.
    """

    outcome: Outcome
    latencies: Mapping[str, Latencies]
    memory: list[float]
    high_water: float
    cpu: float
    members: int

    @property
    def growth(self) -> float:
        """MiB that the server grew by at most."""
        return max(self.memory) - self.memory[0]

    def worst_p95(self, *names: str) -> float:
        """The slowest of these questions, in ms."""
        return max(percentile(self.latencies[name].milliseconds or [0.0], 0.95) for name in names)

    def plain(self) -> dict[str, Any]:
        """As JSON has it."""
        done, repeats = self.outcome.settled_after or [0.0], self.outcome.repeats or [0]
        return {
            "settled": len(self.outcome.settled_after),
            "settled_after_s": {
                "p50": round(percentile(done, 0.5), 1),
                "p95": round(percentile(done, 0.95), 1),
                "all": round(max(done), 1),
            },
            "answers": dict(sorted(self.outcome.answers.items())),
            "repeats_a_terminal": {"mean": round(sum(repeats) / len(repeats), 2), "max": max(repeats)},
            "refused": self.outcome.refused[:5],
            "probe": {name: taken.plain() for name, taken in self.latencies.items()},
            "server_cpu_s": round(self.cpu, 1),
            "memory_mib": {
                "before": round(self.memory[0], 1),
                "most": round(max(self.memory), 1),
                "after": round(self.memory[-1], 1),
                "high_water": round(self.high_water, 1),
            },
        }


_SAID = {"calm": "the database as it is", "slow": "nobody can settle for a while", "away": "the database crashes"}


def part_of(
    found: Mapping[str, Weathered], terminals: int, window: float, payments: int, settings: dict[str, str]
) -> Part:
    """All storms as one part of a bench."""
    part = Part(f"reconnect: {terminals:,} terminals within {window:g} s, {payments} payments each, over HTTP")
    for name, weathered in found.items():
        _add_rows(part, name, weathered)
    part.targets = [
        Target(
            "terminals settled, in the worst storm",
            min(len(one.outcome.settled_after) for one in found.values()),
            terminals,
        ),
        Target(
            "p95 of healthz in any storm, ms",
            round(max(one.worst_p95("healthz") for one in found.values()), 1),
            PROBE_P95_MS,
            at_least=False,
        ),
        Target(
            "p95 of readyz, token and book while the database is there, ms",
            round(max(one.worst_p95("readyz", "token", "book") for name, one in found.items() if name != "away"), 1),
            PROBE_P95_MS,
            at_least=False,
        ),
        Target(
            "growth of the server's memory in any storm, MiB",
            round(max(one.growth for one in found.values()), 1),
            MEMORY_GROWTH_MIB,
            at_least=False,
        ),
    ]
    part.notes = ["every payment is there exactly once, and reconcile is empty after each storm"]
    part.figures = {
        "terminals": terminals,
        "window_s": window,
        "payments_each": payments,
        "storms": {name: weathered.plain() for name, weathered in found.items()},
        "database": settings,
    }
    return part


def _add_rows(part: Part, name: str, weathered: Weathered) -> None:
    figures = weathered.plain()
    answers = figures["answers"]
    part.row(f"{name}: {_SAID[name]}", "")
    part.row(
        "  all settled after", f"{figures['settled_after_s']['all']} s", f"half {figures['settled_after_s']['p50']} s"
    )
    told = ", ".join(f"{answers.get(status, 0):,} {status}" for status in ("200", "503", "429", UNREACHABLE))
    part.row("  answers", told)
    repeats = figures["repeats_a_terminal"]
    part.row("  repeats a terminal", f"{repeats['mean']}", f"at most {repeats['max']}")
    for question, taken in figures["probe"].items():
        shown = f"{taken['p50_ms']:g} / {taken['p95_ms']:g} / {taken['max_ms']:g}"
        said = (
            "the probe's own lateness"
            if question == LAG
            else f"{taken['not_answered']} of {taken['asked']} not answered"
        )
        part.row(f"  {question} p50/p95/max", shown, f"ms; {said}")
    part.row("  server's processor time", f"{figures['server_cpu_s']} s")
    memory = figures["memory_mib"]
    part.row("  server's memory", f"{memory['before']:g} → {memory['most']:g}", "MiB")
