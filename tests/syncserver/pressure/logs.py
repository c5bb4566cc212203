"""What the servers and PostgreSQL wrote meanwhile: what was tried again, what failed, which events were delivered."""

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

# What a server that can't start says to whoever started it, in words, before it ends.
NOT_STARTED = "error: The database can't be reached"
# A server says these where something is wrong with itself, not with what it needs.
DEFECTS = ("request_failed", "batch_split", "record_unwritable", "release_exceeds_hold")


@dataclass(frozen=True, slots=True)
class Logs:
    """Counts from the logs.

    Attributes:
        again: transactions of batches that were tried again, by the error.
        failed_steps: steps of the rounds that failed until the next round, by step and error.
        defects: lines that only a defect writes, by event.
        started_again: how often a server started PostgreSQL again.
        delivered: payment events, by wallet and number.
        strange: lines that are neither JSON nor the last words of a server whose database was just being killed.
        deadlocks: what PostgreSQL says of deadlocks, the statements included.
    """

    again: Counter[str] = field(default_factory=Counter)
    failed_steps: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    started_again: int = 0
    delivered: set[tuple[str, int]] = field(default_factory=set)
    strange: list[str] = field(default_factory=list)
    deadlocks: list[str] = field(default_factory=list)


def read_logs(server_log: Path, postgres_log: Path) -> Logs:
    """Read both to their ends."""
    again: Counter[str] = Counter()
    failed: Counter[str] = Counter()
    events: Counter[str] = Counter()
    delivered: set[tuple[str, int]] = set()
    strange: list[str] = []
    with server_log.open(encoding="utf-8") as lines:
        for line in lines:
            try:
                entry = json.loads(line)
            except ValueError:
                if not line.startswith(NOT_STARTED):
                    strange.append(line.rstrip())
                continue
            event = entry.get("event")
            events[event] += 1
            if event == "payment":
                delivered.add((entry["wallet"], entry["number"]))
            elif event == "batch_again":
                again[entry["error"]] += 1
            elif event == "maintenance_step_failed":
                failed[f"{entry['step']}: {entry['error'].partition('(')[0]}"] += 1
    older = postgres_log.with_name(f"{postgres_log.name}.1")
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in (older, postgres_log) if path.exists()]
    return Logs(
        again=again,
        failed_steps=failed,
        defects=Counter({name: events[name] for name in DEFECTS if events[name]}),
        started_again=events["postgres_started_again"],
        delivered=delivered,
        strange=strange,
        deadlocks=[entry for text in texts for entry in _deadlocks(text.splitlines())],
    )


def _deadlocks(lines: Iterable[str]) -> list[str]:
    """Each deadlock with the lines that explain it: those that follow until the next entry that is no part of it."""
    found: list[list[str]] = []
    inside = False
    for line in lines:
        if "deadlock detected" in line:
            found.append([])
            inside = True
        elif inside and not any(mark in line for mark in ("DETAIL:", "HINT:", "CONTEXT:", "STATEMENT:", "\t")):
            inside = False
        if inside:
            found[-1].append(line)
    return ["\n".join(entry) for entry in found]
