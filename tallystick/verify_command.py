"""`tallystick verify`: reads the files, asks for the reports, and says what they found."""

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from shared.errors import DecodingError
from shared.keys import kid_of
from tallystick.verification.check import check
from tallystick.verification.contents import MAX_BYTES, Form, read_contents
from tallystick.verification.report import Problem, Report
from tallystick.verification.trust import Origin, Trust, TrustError, key_from_hex, trust_of_home

STDIN = "-"
_SHOWN_PROBLEMS = 20


def _check_files(_: Any, files: Sequence[str] | None) -> None:
    for file in files or ():
        if file != STDIN and not Path(file).is_file():
            raise ValueError(f"{file!r} is no file")


def _check_keys(_: Any, keys: Sequence[str] | None) -> None:
    for key in keys or ():
        try:
            key_from_hex(key)
        except TrustError as error:
            raise ValueError(error.message) from None


def _check_certificate(_: Any, file: str | None) -> None:
    _check_files(_, file and [file])


def verify(
    files: Annotated[list[str], Parameter(name="FILE", allow_leading_hyphen=True, negative=(), validator=_check_files)],
    /,
    *,
    server_key: Annotated[list[str] | None, Parameter(negative=(), validator=_check_keys)] = None,
    certificate: Annotated[str | None, Parameter(validator=_check_certificate)] = None,
    json: Annotated[bool, Parameter(name="--json", negative=())] = False,
) -> int:
    """Check any record, receipt, voucher, certificate, book or exported journal, with no network.

    Names the first bad entry and field. Exit code 0: everything is right. 1: something is wrong, or nobody who is
    trusted signed it. 2: used wrongly.

    Trusted are the keys that you name; else those of this machine's trust.json; else, for a journal, the keys that
    it brings, and then the answer says so.

    Examples: `tallystick verify journal.cbor` · `tallystick verify - < journal.cbor` ·
    `tallystick verify receipt.hex --server-key 29ac…66dd7`

    Parameters
    ----------
    files: list[str]
        Files to check: signed bytes, their hex or base64url text, the text of a voucher's or a
        receipt's QR code (`TS1:…`, `TR1:…`), or an exported journal.
        A hyphen reads standard input.
    server_key: list[str]
        A server's public key, 64 hex digits. May be repeated.
    certificate: str
        A file with the certificate of the device whose records are checked, in any of the forms above.
    json: bool
        Answer with one JSON object.
    """
    trust = _trust(server_key or (), certificate)
    reports = [(file, _report(file, trust)) for file in files]
    if json:
        print(_to_json(reports))
    else:
        for file, report in reports:
            print("\n".join(_lines(file, report)))
    return 0 if all(report.ok for _, report in reports) else 1


def _trust(server_keys: Sequence[str], certificate: str | None) -> Trust:
    """The keys that were named, else those of the data folder, else none."""
    if server_keys or certificate:
        keys = [key_from_hex(key) for key in server_keys]
        return Trust({kid_of(key): key for key in keys}, _certificate(certificate), Origin.GIVEN)
    stored = _home() / "trust.json"
    try:
        return trust_of_home(stored.read_bytes())
    except FileNotFoundError:
        return Trust()
    except OSError as error:
        raise TrustError(f"{stored} can't be read: {error.strerror}") from error


def _home() -> Path:
    if named := os.environ.get("TALLYSTICK_HOME"):
        return Path(named).expanduser()
    data = os.environ.get("XDG_DATA_HOME")
    return (Path(data) if data else Path.home() / ".local" / "share") / "tallystick"


def _certificate(file: str | None) -> bytes | None:
    if file is None:
        return None
    contents = read_contents(_read(file))
    if contents.form is not Form.SIGNED:
        raise DecodingError(f"{file} is no certificate")
    return contents.raw


def _read(file: str) -> bytes:
    if file == STDIN:
        content = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with Path(file).open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DecodingError(f"larger than {MAX_BYTES // 2**20} MiB")
    return content


def _report(file: str, trust: Trust) -> Report:
    try:
        content = _read(file)
    except (DecodingError, OSError) as error:
        return Report(kind="unknown", problems=(Problem(str(error)),))
    return check(content, trust)


def _to_json(reports: Sequence[tuple[str, Report]]) -> str:
    """One object: the report of one file; for several, all of them below `files` and what they come to above."""
    if len(reports) == 1:
        return json.dumps(reports[0][1].to_json())
    return json.dumps(
        {
            "ok": all(report.ok for _, report in reports),
            "kind": "files",
            "entries": sum(report.entries for _, report in reports),
            "problems": [
                {"file": file, **problem.to_json()} for file, report in reports for problem in report.problems
            ],
            "files": [{"file": file, **report.to_json()} for file, report in reports],
        }
    )


def _lines(file: str, report: Report) -> list[str]:
    name = "standard input" if file == STDIN else file
    lines = [f"{'good' if report.ok else 'BAD'}: {name} ({report.kind})"]
    lines += [f"  {problem}" for problem in report.problems[:_SHOWN_PROBLEMS]]
    if len(report.problems) > _SHOWN_PROBLEMS:
        lines.append(f"  … and {len(report.problems) - _SHOWN_PROBLEMS} more problems (--json names them all)")
    return [*lines, *(f"  {line}" for line in report.summary), *(f"  note: {note}" for note in report.notes)]
