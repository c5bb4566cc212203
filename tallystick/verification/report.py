"""What a check found: a report with its problems, the first one first."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.errors import KdfError, PlaceError, PolicyError, TallystickError

_NAMED_FIELD = re.compile(r"(\w+): (.+)", re.ASCII | re.DOTALL)
_FIELD_OF_ERROR: dict[type[TallystickError], str] = {
    PolicyError: "policy",
    KdfError: "t, memory",
    PlaceError: "lat, lon",
}


class Part(StrEnum):
    """Where in a file a problem lies; `entry` counts from 1 within that part."""

    FILE = "file"
    CERTIFICATE = "certificate"
    RECORDS = "records"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong. `seq` is there where the record's place in its chain could be read."""

    problem: str
    field: str | None = None
    entry: int | None = None
    seq: int | None = None
    part: Part = Part.FILE

    def to_json(self) -> dict[str, Any]:
        """The problem as a script reads it."""
        return {
            "part": self.part.value,
            "entry": self.entry,
            "seq": self.seq,
            "field": self.field,
            "problem": self.problem,
        }

    def __str__(self) -> str:
        where = "" if self.entry is None else f"{_WORDS[self.part]} {self.entry}"
        if self.seq is not None:
            where += f" (seq {self.seq})" if where else f"seq {self.seq}"
        return (
            ", ".join(part for part in (where, self.field) if part)
            + (": " if where or self.field else "")
            + (self.problem)
        )


_WORDS = {
    Part.FILE: "entry",
    Part.CERTIFICATE: "certificate",
    Part.RECORDS: "record",
    Part.RECEIPTS: "receipt",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The result of one file: good where it has no problem. `notes` say what a reader must know to believe it."""

    kind: str
    entries: int = 0
    problems: tuple[Problem, ...] = ()
    summary: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether everything in the file was checked and is right."""
        return not self.problems

    def to_json(self) -> dict[str, Any]:
        """The report as a script reads it."""
        return {
            "ok": self.ok,
            "kind": self.kind,
            "entries": self.entries,
            "problems": [problem.to_json() for problem in self.problems],
            "summary": list(self.summary),
            "notes": list(self.notes),
        }


def field_and_problem(error: TallystickError) -> tuple[str | None, str]:
    """A decoder's error taken apart: the field that it names, and what is wrong with it."""
    named = _NAMED_FIELD.fullmatch(error.message)
    if named is not None:
        return named[1], named[2]
    return _FIELD_OF_ERROR.get(type(error)), error.message
