"""`tallystick verify` as a person and a script meet it."""

import io
import json
import sys
from pathlib import Path

import pytest

from shared.messages.enrolment import sign_certificate
from tallystick import verify_command
from tallystick.commands import run
from tests.tallystick.samples import CERTIFICATE, SERVER_KEY, STRANGER, File, flip_signature, sign_all

KEY = SERVER_KEY.public_key.hex()


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TALLYSTICK_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def journal(tmp_path: Path) -> str:
    file = tmp_path / "journal.cbor"
    file.write_bytes(File().content())
    return str(file)


@pytest.fixture
def damaged(tmp_path: Path) -> str:
    records = sign_all()
    records[-1] = flip_signature(records[-1])
    file = tmp_path / "damaged.cbor"
    file.write_bytes(File(records=records, receipts=[]).content())
    return str(file)


def test_a_good_journal_exits_0_and_says_who_must_be_known(journal: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", journal]) == 0
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"good: {journal} (journal)"
    assert "  5 records, 2 payments (1 voided)" in out
    assert "which you must know from elsewhere" in out[-1]


def test_a_bad_one_exits_1_and_names_the_first_bad_entry_and_field(
    damaged: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["verify", damaged, "--server-key", KEY]) == 1
    out = capsys.readouterr().out.splitlines()
    assert out[0] == f"BAD: {damaged} (journal)"
    assert out[1] == "  record 5 (seq 5), signature: does not fit, and no later authentic record commits to this one"


def test_json_is_one_object(journal: str, damaged: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", journal, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert {"ok", "kind", "entries", "problems"} <= set(answer)
    assert (answer["ok"], answer["kind"], answer["entries"], answer["problems"]) == (True, "journal", 5, [])
    assert run(["verify", damaged, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["problems"] == [
        {
            "part": "records",
            "entry": 5,
            "seq": 5,
            "field": "signature",
            "problem": "does not fit, and no later authentic record commits to this one",
        }
    ]


def test_several_files_are_each_checked(journal: str, damaged: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", journal, damaged, "--json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert (answer["ok"], answer["entries"]) == (False, 10)
    assert [file["ok"] for file in answer["files"]] == [True, False]
    assert [problem["file"] for problem in answer["problems"]] == [damaged]
    assert run(["verify", journal, journal]) == 0


def test_the_trust_of_the_data_folder_is_used(journal: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "home").mkdir()
    trust = tmp_path / "home" / "trust.json"
    keys = [{"kid": SERVER_KEY.kid.hex(), "key": KEY}]
    certificate = sign_certificate(CERTIFICATE, SERVER_KEY)
    trust.write_text(json.dumps({"server_keys": keys, "certificate": certificate.hex()}), "utf-8")
    record = tmp_path / "record"
    record.write_text(sign_all()[0].hex(), "ascii")
    assert run(["verify", journal, str(record)]) == 0
    assert "trust.json" in capsys.readouterr().out
    # What is named on the command line replaces it.
    assert run(["verify", journal, "--server-key", STRANGER.public_key.hex()]) == 1
    trust.write_text("{}", "utf-8")
    capsys.readouterr()
    assert run(["verify", journal]) == 1
    assert capsys.readouterr().err.endswith("[NOT_TRUSTED]\n")


def test_a_certificate_may_be_named_by_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    certificate, record = tmp_path / "certificate", tmp_path / "record"
    certificate.write_bytes(sign_certificate(CERTIFICATE, SERVER_KEY))
    record.write_bytes(sign_all()[0])
    assert run(["verify", str(record), "--certificate", str(certificate), "--server-key", KEY]) == 0
    assert "shift_open, seq 1 of epoch 1" in capsys.readouterr().out
    assert run(["verify", str(record), "--server-key", KEY]) == 1
    certificate.write_bytes(File().content())
    assert run(["verify", str(record), "--certificate", str(certificate)]) == 1
    assert "is no certificate" in capsys.readouterr().err


class _Stdin:
    def __init__(self, content: bytes) -> None:
        self.buffer = io.BytesIO(content)


def test_a_hyphen_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", _Stdin(File().content()))
    assert run(["verify", "-"]) == 0
    assert capsys.readouterr().out.startswith("good: standard input (journal)")


def test_what_is_too_large_is_not_read(
    journal: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify_command, "MAX_BYTES", 100)
    assert run(["verify", journal]) == 1
    assert "larger than" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--json"],
        ["nowhere"],
        ["."],
        ["--bogus"],
        ["journal.cbor", "--server-key", "00"],
        ["journal.cbor", "--server-key"],
        ["journal.cbor", "--certificate", "nowhere"],
    ],
)
@pytest.mark.usefixtures("journal")
def test_wrong_usage_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["verify", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.err
    assert not captured.out
