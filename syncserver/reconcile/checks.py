"""Runs the checks of docs/ledger.md: every invariant of the money, straight from the tables, and the seals."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from syncserver.audit.verifying import verify
from syncserver.database.queries import load
from syncserver.services import Services

FOLDER = Path(__file__).parent
QUERIES = load(FOLDER)
ROWS_SHOWN = 100
# The check that no statement makes: what was sealed is as it was.
SEALS = "seals"
TIMEOUT_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One row that should not be: which check found it, what that means, and the row."""

    check: str
    meaning: str
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """All findings of one run, at most a hundred a check."""

    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


def _meanings() -> dict[str, str]:
    text = (FOLDER / "sql" / "reconcile.sql").read_text(encoding="utf-8")
    return dict(re.findall(r"^-- ([a-z_]+): (.+)$", text, re.MULTILINE))


MEANINGS = _meanings()


async def reconcile(services: Services, progress: Callable[[str], None] = lambda _: None) -> Reconciliation:
    """Run every check in one snapshot; `progress` is told each check's name before it runs."""
    findings: list[Finding] = []
    async with (
        services.pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        for check, statement in QUERIES.items():
            progress(check)
            rows = await connection.fetch(f"SELECT * FROM ({statement}) AS found LIMIT {ROWS_SHOWN}", timeout=TIMEOUT_S)  # noqa: S608 - our own file
            findings.extend(Finding(check, MEANINGS[check], _plain(row)) for row in rows)
        progress(SEALS)
        for broken in (await verify(connection, services, progress=progress)).breaks:
            row = {"chain": broken.chain, "seal": broken.seal, "row": broken.row}
            findings.append(Finding(SEALS, broken.meaning, row))
    return Reconciliation(tuple(findings))


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    """A row in types that JSON has."""
    return {key: _plain_value(value) for key, value in row.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, UUID):
        return str(value)
    if value is None or isinstance(value, str | int | bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():  # a sum of integers
        return int(value)
    return str(value)
