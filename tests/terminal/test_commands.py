"""The commands as people and scripts use them: words, one JSON object, exit codes; never a traceback."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from shared.policy import Policy
from terminal.commands.app import app
from terminal.commands.exits import MEANINGS, Exit
from terminal.preferences import Preferences, write_preferences
from terminal.store.migrations import known_migrations
from tests.terminal.shop import Series, Shop, check_chain, supervisor, wallet_of

Run = Callable[..., int]


@pytest.fixture
def customer(live_shop: Shop) -> Series:
    return live_shop.issue(wallet_of(1), count=10)


@pytest.fixture
def run(live_shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in the shop's home; words for its stdin by `typed`. Returns its exit code."""
    monkeypatch.setenv("TALLYSTICK_HOME", str(live_shop.home))
    monkeypatch.delenv("TALLYSTICK_UNLOCK_FILE", raising=False)
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)

    def command(*words: str, typed: str = "") -> int:
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            app(list(words))
        assert isinstance(ended.value.code, int)
        return int(ended.value.code)

    return command


Answered = Callable[[], dict[str, Any]]


@pytest.fixture
def answered(capsys: pytest.CaptureFixture[str]) -> Answered:
    """The one JSON object that the last command answered."""

    def read() -> dict[str, Any]:
        out = capsys.readouterr().out
        value = json.loads(out)
        assert isinstance(value, dict)
        return value

    return read


def test_an_enrolment_says_where_the_secret_that_it_made_lies(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "new"
    monkeypatch.setenv("TALLYSTICK_HOME", str(home))
    assert run("enrol", f"{'A' * 43}.{'0' * 16}", "--server", "http://127.0.0.1:1") == Exit.NETWORK
    told = capsys.readouterr().err
    assert f"The unlock secret is in {home / 'unlock'}" in told
    assert (home / "unlock").read_text().strip() not in told


def test_selling_by_words(run: Run, customer: Series, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "12.50") == Exit.DONE
    said = capsys.readouterr().out
    assert "ACCEPTED OFFLINE, not yet settled" in said
    assert "12.50 EUR" in said
    assert "a shift was opened with a float of 0" in said
    assert customer.wallet not in said
    assert customer.codes[0] not in said


def test_selling_by_json_and_every_exit_code_of_a_sale(run: Run, customer: Series, answered: Answered) -> None:
    sell = ("sell", "--json", "--wallet", customer.wallet, "--amount", "12.50", "--code")
    assert run(*sell, customer.codes[0]) == Exit.DONE
    sold = answered()
    assert (sold["approved"], sold["amount"], sold["currency"], sold["seq"]) == (True, 12_50, "EUR", 2)
    assert run(*sell, customer.codes[0]) == Exit.REFUSED
    assert answered()["reasons"] == ["CODE_SPENT"]
    for left in (2, 1, 0):
        assert run(*sell, "00000000") == Exit.REFUSED
        assert answered()["guessesLeft"] == left
    assert run(*sell, customer.codes[1]) == Exit.LOCKED
    locked = answered()
    assert (locked["approved"], locked["locked"]) == (False, True)
    assert 3_500 < locked["retryAfter"] <= 3_600
    assert run(*sell, customer.codes[1], "--new-sale") == Exit.DONE
    answered()
    assert run(*sell, "short") == Exit.USAGE
    assert answered()["error"]["code"] == "INVALID_CODE"


def test_the_code_is_asked_for_again_until_the_guesses_are_used_up(
    run: Run, customer: Series, capsys: pytest.CaptureFixture[str]
) -> None:
    sell = ("sell", "--wallet", customer.wallet, "--amount", "5")
    assert run(*sell, typed=f"0000-0000\n{customer.codes[0]}\n") == Exit.DONE
    assert run(*sell, typed="0000-0000\n" * 9) == Exit.REFUSED
    assert run(*sell, typed="0000-0000\n") == Exit.LOCKED
    assert "0000-0000" not in "".join(capsys.readouterr())
    assert run(*sell, "--new-sale") == Exit.USAGE  # nothing on stdin


def test_selling_by_voucher_as_text_from_a_file_and_from_stdin(
    run: Run, live_shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    ben = live_shop.issue(wallet_of(2), in_book=False)
    sell = ("sell", "--amount", "1", "--code")
    assert run(*sell, ben.codes[0], "--voucher", ben.vouchers[0]) == Exit.DONE
    file = live_shop.home / "voucher.txt"
    file.write_text(ben.vouchers[1] + "\n")
    assert run(*sell, ben.codes[1], "--voucher", f"@{file}") == Exit.DONE
    assert run("sell", "--amount", "1", "--voucher", "-", typed=f"{ben.vouchers[2]}\n{ben.codes[2]}\n") == Exit.DONE
    assert run(*sell, ben.codes[3], "--voucher", "@/nowhere") == Exit.USAGE
    assert run(*sell, ben.codes[3], "--voucher", "nonsense") == Exit.REFUSED
    assert "scan it again" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("sell",),
        ("sell", "--amount", "1"),
        ("sell", "--amount", "1.234", "--wallet", wallet_of(1), "--code", "00000000"),
        ("sell", "--amount", "-1", "--wallet", wallet_of(1), "--code", "00000000"),
        ("sell", "--amount", "0", "--wallet", wallet_of(1), "--code", "00000000"),
        ("sell", "--amount", "1", "--wallet", "123", "--code", "00000000"),
        ("sell", "--amount", "1", "--unknown"),
        ("void", "no-id", "--reason", "x"),
        ("shift", "open", "--float", "lots"),
        ("run-sales", "/nowhere.csv"),
        ("export", "/nowhere/journal.cbor"),
        ("enrol", "no token", "--server", "http://127.0.0.1:1"),
        ("enrol", "abc.0011223344556677", "--server", "ftp://x"),
        ("dance",),
    ],
)
def test_wrong_usage_is_2_and_says_why_in_words(
    run: Run, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*words) == Exit.USAGE
    said = "".join(capsys.readouterr())
    assert said.strip()
    assert "Traceback" not in said


def test_a_day_shift_void_queue_status_close_and_export(
    run: Run, live_shop: Shop, customer: Series, answered: Answered
) -> None:
    assert run("shift", "open", "--float", "150.00", "--cashier", "eva", "--json") == Exit.DONE
    assert answered()["float"] == 150_00
    ids = []
    for code in customer.codes[:2]:
        assert run("sell", "--wallet", customer.wallet, "--code", code, "--amount", "10", "--json") == Exit.DONE
        ids.append(answered()["payment"])
    assert run("void", ids[0], "--reason", "wrong amount", "--json") == Exit.DONE
    assert answered()["amount"] == 10_00
    assert run("void", ids[0], "--reason", "wrong amount", "--json") == Exit.FAILED
    assert answered()["error"]["code"] == "VOID_REFUSED"
    assert run("queue", "--json") == Exit.DONE
    queue = answered()
    assert (queue["records"], queue["count"], queue["total"]) == (4, 1, 10_00)
    assert [payment["state"] for payment in queue["payments"]] == ["VOIDED", "PENDING"]
    assert run("status", "--json") == Exit.DONE
    status = answered()
    assert (status["queued"], status["unsyncedTotal"], status["exposureLimit"]) == (4, 10_00, 5_000_00)
    assert (status["epoch"], status["schema"], status["book"]["version"]) == (1, known_migrations()[-1].number, 7)
    assert run("shift", "close", "--json") == Exit.DONE
    closed = answered()
    assert (closed["count"], closed["total"], closed["voids"], closed["carried"]["count"]) == (1, 10_00, 1, 1)
    assert run("shift", "close", "--json") == Exit.FAILED
    answered()
    file = live_shop.home / "journal.cbor"
    assert run("export", str(file), "--json") == Exit.DONE
    assert answered()["bytes"] == file.stat().st_size
    for own in ("journal.db", "vault.json", "unlock"):
        assert run("export", str(live_shop.home / own), "--json") == Exit.USAGE
        answered()
    with live_shop.terminal() as terminal:
        assert len(check_chain(terminal)) == 5


def test_the_same_in_words(run: Run, live_shop: Shop, customer: Series, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("status") == Exit.DONE
    assert run("shift", "open") == Exit.DONE
    assert run("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "10") == Exit.DONE
    assert run("queue") == Exit.DONE
    assert run("status") == Exit.DONE
    assert run("shift", "close") == Exit.DONE
    assert run("export", str(live_shop.home / "j.cbor")) == Exit.DONE
    said = capsys.readouterr().out
    for words in (
        "2 queued · 10.00 of 5000.00 EUR",
        "carried forward, not synced yet: 1 payment, 10.00 EUR",
        "EUR  PENDING",
    ):
        assert words in said


def test_a_supervisors_pin_comes_from_stdin_and_locks_after_wrong_ones(
    run: Run, live_shop: Shop, customer: Series, answered: Answered
) -> None:
    live_shop.publish(cashiers=[supervisor("eva", "112233"), supervisor("ida", "778899")])
    run("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "10", "--json")
    void = ("void", answered()["payment"], "--reason", "x", "--json")
    assert run(*void) == Exit.FAILED
    assert answered()["error"]["code"] == "SUPERVISOR_NEEDED"
    for _ in range(5):
        assert run(*void, "--approver", "eva", typed="000000\n") == Exit.FAILED
        answered()
    assert run(*void, "--approver", "eva", typed="112233\n") == Exit.LOCKED
    answered()
    assert run("lift-lock", "eva", "--approver", "ida", "--json", typed="778899\n") == Exit.DONE
    answered()
    assert run(*void, "--approver", "eva", typed="112233\n") == Exit.DONE
    assert answered()["approver"] == "eva"
    assert run("shift", "close", "--json", "--approver", "ida", typed="778899\n") == Exit.DONE


def test_a_supervisor_raises_a_limit_for_one_sale(
    run: Run, live_shop: Shop, customer: Series, answered: Answered
) -> None:
    live_shop.publish(policy=Policy(streak_stop=0), cashiers=[supervisor("eva", "112233")])
    sale = ("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "10", "--json")
    assert run(*sale) == Exit.REFUSED
    assert (said := answered())["raisable"]
    assert said["reasons"] == ["STREAK"]
    assert run(*sale, "--raised-by", "eva", typed="000000\n") == Exit.FAILED
    assert answered()["error"]["code"] == "SUPERVISOR_NEEDED"
    assert run(*sale, "--raised-by", "eva", typed="112233\n") == Exit.DONE
    assert answered()["reasons"] == ["STREAK"]


def test_a_refund_needs_a_settled_payment_and_a_connection(
    run: Run, live_shop: Shop, customer: Series, answered: Answered
) -> None:
    run("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "10", "--json")
    refund = ("refund", answered()["payment"], "--reason", "cold", "--json")
    assert run(*refund) == Exit.FAILED
    assert answered()["error"]["code"] == "REFUND_REFUSED"
    live_shop.run("UPDATE payment SET unsynced = 0, state = 'COMPLETED'")
    assert run(*refund, "--amount", "10.01") == Exit.FAILED
    assert answered()["error"]["code"] == "REFUND_REFUSED"
    assert run(*refund, "--amount", "4.00") == Exit.NETWORK
    assert "needs the server" in answered()["error"]["message"]
    assert run("refund", "x", "--reason", "cold", "--json") == Exit.USAGE


def test_a_reset_needs_the_terminals_name_and_nothing_pending(
    run: Run, live_shop: Shop, customer: Series, answered: Answered
) -> None:
    assert run("reset", "--json") == Exit.USAGE
    assert "--yes 'till'" in answered()["error"]["message"]
    assert run("reset", "--yes", "other", "--json") == Exit.USAGE
    answered()
    run("sell", "--wallet", customer.wallet, "--code", customer.codes[0], "--amount", "10", "--json")
    answered()
    for words in (("reset", "--json"), ("reset", "--yes", "till", "--json")):
        assert run(*words) == Exit.FAILED
        error = answered()["error"]
        assert (error["code"], "1 payment, 10.00 EUR" in error["message"]) == ("PENDING", True)
    run("shift", "close", "--json")
    answered()
    live_shop.run("INSERT INTO answer SELECT epoch, seq, 'settled', '[]', 0, x'00', 0 FROM record")
    assert run("reset", "--yes", "till", "--json") == Exit.DONE
    assert answered()["forgotten"] == "till"
    assert run("status", "--json") == Exit.NOT_READY


def test_no_terminal_and_no_way_to_unlock_it_are_5(
    run: Run, live_shop: Shop, monkeypatch: pytest.MonkeyPatch, answered: Answered
) -> None:
    (live_shop.home / "unlock").write_bytes(b"wrong")
    assert run("status", "--json") == Exit.NOT_READY
    assert answered()["error"]["code"] == "WRONG_UNLOCK_SECRET"
    (live_shop.home / "unlock").unlink()
    assert run("status", "--json") == Exit.NOT_READY
    assert answered()["error"]["code"] == "NO_UNLOCK_SECRET"
    monkeypatch.setenv("TALLYSTICK_HOME", str(live_shop.home / "nowhere"))
    for words in (("status",), ("queue",), ("sync",), ("pull",), ("shift", "close"), ("export", "/tmp/x.cbor")):  # noqa: S108 - it is never written
        assert run(*words, "--json") == Exit.NOT_READY
        assert answered()["error"]["code"] == "NOT_ENROLLED"


@pytest.mark.parametrize("words", [("sync",), ("pull",)])
def test_a_server_that_can_not_be_reached_is_7(run: Run, words: tuple[str, ...], answered: Answered) -> None:
    assert run(*words, "--json") == Exit.NETWORK
    found = answered()
    assert found.get("pull", found)["error"]["code"] == "SERVER_UNREACHABLE"


def test_help_teaches_with_examples_and_every_exit_code(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (
        (),
        ("enrol",),
        ("pull",),
        ("sell",),
        ("void",),
        ("shift", "open"),
        ("shift", "close"),
        ("queue",),
        ("sync",),
        ("status",),
        ("run-sales",),
        ("export",),
        ("lift-lock",),
        ("refund",),
        ("reset",),
    ):
        assert run(*words, "--help") == Exit.DONE
        said = " ".join(capsys.readouterr().out.split())
        assert not words or f"Example: tallystick terminal {' '.join(words)}" in said
        assert all(meaning in said for meaning in MEANINGS.values())


def test_words_are_in_the_tills_language_and_json_is_not(
    run: Run,
    answered: Answered,
    customer: Series,
    live_shop: Shop,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TALLYSTICK_LANGUAGE", "de")
    sale = ("sell", "--wallet", customer.wallet, "--code", "00000000", "--amount", "12.50")
    assert run(*sale) == Exit.REFUSED
    said = capsys.readouterr().out
    assert "ABGELEHNT: Wallet-Nummer und Code passen nicht zusammen." in said
    assert "Grund    CODE_INVALID" in said
    assert run("shift", "close") == Exit.FAILED
    assert capsys.readouterr().err == "Fehler: Keine Schicht ist offen.\n"
    assert run(*sale, "--json") == Exit.REFUSED
    assert answered()["message"].startswith("The wallet number and code do not fit.")
    assert run("shift", "close", "--json") == Exit.FAILED
    assert answered()["error"] == {"code": "NO_SHIFT", "message": "No shift is open."}
    write_preferences(live_shop.home, Preferences(language="en"))
    assert run("shift", "close") == Exit.FAILED
    assert capsys.readouterr().err == "error: No shift is open.\n"


@pytest.mark.usefixtures("customer")
def test_what_kept_a_sync_from_it_is_told_in_the_language_of_whoever_looks(
    run: Run, answered: Answered, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("sync") == Exit.NETWORK
    capsys.readouterr()
    monkeypatch.setenv("TALLYSTICK_LANGUAGE", "de")
    assert run("status") == Exit.DONE
    assert "jetzt nicht: Der Server ist nicht erreichbar (ConnectError). Verkauft" in capsys.readouterr().out
    assert run("status", "--json") == Exit.DONE
    assert answered()["pull"]["error"].startswith("The server can't be reached (ConnectError). Sales go on")
