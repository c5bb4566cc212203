"""Uploads: whatever breaks, every record ends with one verified answer."""

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from shared import cose
from shared.lifecycles import Status
from shared.messages.receipt import Receipt, RecordResult, sign_receipt
from terminal.sync import receipts
from tests.terminal.sync.fake_server import (
    OUTAGES,
    FakeServer,
    Fault,
    Forge,
    be_busy,
    key_of,
    lose_answer,
)
from tests.terminal.sync.till import Till

BATCHES = "/api/sync/batches"


def test_everything_is_answered_and_only_once(till: Till, server: FakeServer) -> None:
    till.open_shift()
    payments = till.sell(3)
    report = till.sync.sync_once()
    assert report.errors == ()
    assert report.push.records == 4
    assert till.answers() == {(1, 1): "recorded", (1, 2): "settled", (1, 3): "settled", (1, 4): "settled"}
    assert [till.state(payment) for payment in payments] == ["COMPLETED"] * 3
    assert till.unsynced() == 0
    assert till.sync.sync_once().push.batches == 0
    assert len(server.batches) == 1


def test_records_go_in_batches_of_500(till: Till, server: FakeServer) -> None:
    till.sell(501)
    report = till.sync.sync_once()
    assert (report.push.batches, report.push.records) == (2, 501)
    assert [r.headers.get("Content-Encoding") for r in server.requests if r.url.path == BATCHES] == ["zstd", None]


@pytest.mark.parametrize("outage", OUTAGES)
@pytest.mark.parametrize("where", [BATCHES, "/auth/token"])
def test_an_outage_loses_nothing(till: Till, server: FakeServer, outage: Fault, where: str) -> None:
    payment = till.sell()[0]
    server.fault_on = where
    server.faults.extend([outage, outage])
    failed = till.sync.sync_once()
    assert failed.push_error is not None
    assert till.answers() == {}
    assert (till.state(payment), till.unsynced()) == ("PENDING", 1)
    server.faults.clear()
    till.restart()
    assert till.sync.sync_once().errors == ()
    assert (till.state(payment), till.unsynced()) == ("COMPLETED", 0)
    assert set(server.judged.values()) == {1}


def test_a_lost_answer_is_asked_for_under_the_same_id(till: Till, server: FakeServer) -> None:
    till.sell(2)
    server.fault_on = BATCHES
    server.faults.append(lose_answer)
    till.sync.sync_once()
    till.sell(1)  # the till goes on meanwhile: the batch stays as it was
    till.restart()
    report = till.sync.sync_once()
    assert report.push.records == 3
    assert server.batches[0] == server.batches[1] != server.batches[2]


def test_retry_after_is_told(till: Till, server: FakeServer) -> None:
    till.sell()
    server.fault_on = BATCHES
    server.faults.append(be_busy)
    error = till.sync.sync_once().push_error
    assert error is not None
    assert error.code == "SERVER_BUSY"
    assert getattr(error, "retry_after", None) == 17.0
    assert "the database is away" in error.message


def test_what_was_done_before_the_server_had_too_much_stays_done(
    till: Till, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("terminal.sync.batches.MAX_RECORDS", 2)
    payments = till.sell(7)
    server.fault_on = BATCHES
    server.faults.extend([None, None, be_busy])
    report = till.sync.sync_once()
    assert report.push_error is not None
    assert (report.push_error.code, report.push.batches, report.push.records) == ("SERVER_BUSY", 2, 4)
    assert till.unsynced() == 3
    assert [till.state(payment) for payment in payments].count("COMPLETED") == 4
    report = till.sync.sync_once()
    assert (report.errors, report.push.records) == ((), 3)
    assert set(server.judged.values()) == {1}


def _flipped(receipt: Receipt) -> bytes:
    signed = bytearray(sign_receipt(receipt, key_of(1)))
    signed[len(signed) // 2] ^= 1
    return bytes(signed)


def _changed(**changes: object) -> Forge:
    return lambda receipt: sign_receipt(replace(receipt, **changes), key_of(1))  # type: ignore[arg-type] # fields


def _with_result(**changes: object) -> Forge:
    def forge(receipt: Receipt) -> bytes:
        result = changed(receipt.results[0], **changes)
        return sign_receipt(replace(receipt, results=(result, *receipt.results[1:])), key_of(1))

    return forge


FORGERIES: dict[str, tuple[Forge, str]] = {
    "unknown key": (lambda receipt: sign_receipt(receipt, key_of(9)), "UNTRUSTED_ANSWER"),
    "flipped bit": (_flipped, "UNTRUSTED_ANSWER"),
    "another kind": (lambda receipt: cose.sign(cose.Kind.BOOK, receipt.batch, key_of(1)), "UNTRUSTED_ANSWER"),
    "no receipt": (lambda _: cose.sign(cose.Kind.RECEIPT, b"\xa0", key_of(1)), "BAD_ANSWER"),
    "another batch": (_changed(batch=bytes(16)), "WRONG_RECEIPT"),
    "another device": (_changed(device=bytes(16)), "WRONG_RECEIPT"),
    "another epoch": (_changed(epoch=2), "WRONG_RECEIPT"),
    "too few results": (_changed(results=()), "WRONG_RECEIPT"),
    "another seq": (_with_result(seq=7), "WRONG_RECEIPT"),
    "another id": (_with_result(id=bytes(16)), "WRONG_RECEIPT"),
    "settled without a place": (_with_result(seq=None, id=None), "WRONG_RECEIPT"),
}


@pytest.mark.parametrize("forgery", FORGERIES)
def test_nothing_is_answered_by_a_forged_receipt(till: Till, server: FakeServer, forgery: str) -> None:
    payment = till.sell(2)[0]
    server.forge, code = FORGERIES[forgery]
    error = till.sync.sync_once().push_error
    assert error is not None
    assert error.code == code
    assert till.answers() == {}
    assert (till.state(payment), till.unsynced()) == ("PENDING", 2)
    server.forge = None
    assert till.sync.sync_once().errors == ()
    assert till.unsynced() == 0


def test_a_bad_record_stops_no_other(till: Till, server: FakeServer) -> None:
    payments = till.sell(9)
    server.poison = {(1, 4)}
    report = till.sync.sync_once()
    assert report.push_error is not None
    assert report.push_error.code == "RECORDS_REFUSED"
    assert "1:4" in report.push_error.message
    assert len(till.answers()) == 8
    assert till.unsynced() == 1
    server.poison = set()
    assert till.sync.sync_once().errors == ()
    assert [till.state(payment) for payment in payments] == ["COMPLETED"] * 9


def test_a_server_with_smaller_batches_gets_smaller_ones(till: Till, server: FakeServer) -> None:
    till.sell(20)
    server.too_many = 3
    assert till.sync.sync_once().errors == ()
    assert till.unsynced() == 0


def test_a_server_that_refuses_everything_is_not_asked_for_ever(till: Till, server: FakeServer) -> None:
    till.sell(300)
    server.too_many = 0
    assert till.sync.sync_once().push_error is not None
    assert len(server.requests) < 80
    server.too_many = 1_000
    assert till.sync.sync_once().errors == ()
    assert till.unsynced() == 0


def test_a_rejected_record_is_shown_and_not_sent_for_ever(till: Till, server: FakeServer) -> None:
    payments = till.sell(3)
    server.verdicts[1, 2] = RecordResult(None, None, Status.REJECTED, ("BAD_SIGNATURE",))
    assert till.sync.sync_once().errors == ()
    assert till.answers()[1, 2] == "rejected"
    assert till.state(payments[1]) == "FAILED"
    assert till.payments.get(payments[1]).reasons == ("BAD_SIGNATURE",)
    sent = len(server.batches)
    assert till.sync.sync_once().errors == ()
    assert len(server.batches) == sent  # its seq is missing at the server, but it was answered


def test_what_the_server_lost_is_sent_again_once(till: Till, server: FakeServer) -> None:
    till.sell(4)
    assert till.sync.sync_once().errors == ()
    del server.records[1, 2], server.records[1, 3]
    till.sell(1)
    report = till.sync.sync_once()
    assert report.errors == ()
    assert report.push.batches == 2
    assert server.records == till.written()
    assert report.push.missing == {1: ()}


def test_a_voided_payment_stays_voided(till: Till) -> None:
    payment = till.sell()[0]
    with till.store.transaction():
        till.payments.void(till.payments.get(payment))
    assert till.sync.sync_once().errors == ()
    assert (till.state(payment), till.unsynced()) == ("VOIDED", 0)


def test_another_journal_under_the_same_name_is_told_loudly(till: Till, server: FakeServer) -> None:
    till.sell(2)
    server.forge = _changed(head=bytes(32))
    for _ in range(2):  # also when nothing is left to send
        error = till.sync.sync_once().push_error
        assert error is not None
        assert error.code == "JOURNAL_MISMATCH"
    server.forge = None
    till.clock.pass_time(1)
    till.sell(1)
    assert till.sync.sync_once().errors == ()


def test_a_server_that_knows_more_than_this_journal_is_told_loudly(till: Till, server: FakeServer) -> None:
    till.sell(2)
    server.forge = _changed(through=3)
    error = till.sync.sync_once().push_error
    assert error is not None
    assert error.code == "JOURNAL_MISMATCH"


def test_older_epochs_go_first_and_never_in_one_batch_with_newer_ones(till: Till, server: FakeServer) -> None:
    till.sell(2)
    till.enrol(even_unsynced=True)
    till.sell(2)
    assert till.sync.sync_once().errors == ()
    assert till.answers() == {(1, 1): "settled", (1, 2): "settled", (2, 1): "settled", (2, 2): "settled"}
    assert len(server.batches) == 2


def test_a_full_disk_answers_nothing(till: Till, server: FakeServer) -> None:
    payment = till.sell()[0]
    pages = till.store.value("PRAGMA page_count")
    till.store.execute(f"PRAGMA max_page_count = {pages}")
    server.forge = lambda receipt: sign_receipt(
        replace(receipt, results=tuple(changed(r, reasons=("X" * 120,) * 400) for r in receipt.results)), key_of(1)
    )
    assert [error.code for error in till.sync.sync_once().errors][:1] == ["DISK_FULL"]
    assert (till.answers(), till.state(payment), till.unsynced()) == ({}, "PENDING", 1)
    till.store.execute(f"PRAGMA max_page_count = {pages + 1_000}")
    assert till.sync.sync_once().errors == ()
    assert till.state(payment) == "COMPLETED"


@pytest.mark.parametrize("step", ["_follow", "note_server_time"])
def test_a_power_cut_while_a_receipt_is_stored_leaves_nothing_half_done(
    till: Till, server: FakeServer, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    till.sell(3)

    class PowerCut(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    with monkeypatch.context() as patched:
        patched.setattr(receipts, step, cut)
        with pytest.raises(PowerCut):
            till.sync.sync_once()
    till.restart()
    assert till.answers() == {}
    assert till.unsynced() == 3
    assert till.sync.sync_once().errors == ()
    assert till.unsynced() == 0
    assert set(server.judged.values()) == {1}


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 6), st.lists(st.sampled_from([None, *OUTAGES]), max_size=3)), max_size=6),
    st.sets(st.integers(1, 12), max_size=3),
    st.integers(1, 8),
    st.booleans(),
)
def test_random_outages_end_with_everything_answered_exactly_once(
    tmp_path_factory: pytest.TempPathFactory,
    rounds: list[tuple[int, list[Fault | None]]],
    poison: set[int],
    at_most: int,
    restart: bool,
) -> None:
    server = FakeServer(too_many=at_most, poison={(1, seq) for seq in poison})
    with Till(Path(tmp_path_factory.mktemp("till")), server) as till:
        till.enrol()
        for sales, faults in rounds:
            till.sell(sales)
            server.faults.extend(faults)
            till.sync.sync_once()
            assert set(till.answers()) <= set(server.records)
            if restart:
                till.restart()
        server.faults.clear()
        server.poison.clear()
        assert till.sync.sync_once().errors == ()
        assert server.records == till.written()
        assert till.answers().keys() == till.written().keys()
        assert set(server.judged.values()) <= {1}
        assert till.unsynced() == 0
