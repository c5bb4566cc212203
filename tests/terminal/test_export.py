"""What leaves the terminal for others to check: the exported journal and trust.json."""

import json
from pathlib import Path

import pytest

from shared import cbor, cose
from shared.journal import decode_record, genesis_of, link_of
from shared.messages.enrolment import open_certificate
from terminal.composition import Terminal
from terminal.errors import NotEnrolledError
from terminal.journal.export import encode_export, export_journal
from tests.terminal.shop import DEVICE, Series, Shop, sell


def test_an_exported_journal_can_be_checked_without_the_terminal(
    shop: Shop, terminal: Terminal, anna: Series, tmp_path: Path
) -> None:
    for code in anna.codes[:2]:
        sell(terminal, wallet=anna.wallet, code=code)
    file = tmp_path / "journal.cbor"
    size = export_journal(terminal.store, terminal.journal, file)
    exported = cbor.decode_map(file.read_bytes())
    assert size == file.stat().st_size
    assert exported["format"] == "tallystick/v1/journal"
    keys = {entry["kid"]: entry["key"] for entry in exported["server_keys"]}
    assert keys == {shop.server_key.kid: shop.server_key.public_key}
    certificate = open_certificate(exported["certificate"], keys)
    prev = genesis_of(DEVICE, 1, certificate.key)
    for raw in exported["records"]:
        record = decode_record(cose.open_with(raw, cose.Kind.RECORD, {cose.parse(raw).kid: certificate.key}))  # type: ignore[dict-item]  # its kid is there
        assert record.prev == prev
        prev = link_of(raw)
    assert len(exported["records"]) == 3
    assert exported["receipts"] == []


def test_each_epoch_is_exported_with_its_own_certificate(shop: Shop, terminal: Terminal, anna: Series) -> None:
    sell(terminal, wallet=anna.wallet, code=anna.codes[0])
    before = encode_export(terminal.store, terminal.journal)
    shop.enrol(epoch=2)
    sell(terminal, wallet=anna.wallet, code=anna.codes[1])
    assert encode_export(terminal.store, terminal.journal, 1) == before
    later = cbor.decode_map(encode_export(terminal.store, terminal.journal))
    assert later["certificate"] != cbor.decode_map(before)["certificate"]
    assert len(later["records"]) == 3
    with pytest.raises(NotEnrolledError):
        encode_export(terminal.store, terminal.journal, 3)


def test_receipts_are_exported_as_they_came(shop: Shop, terminal: Terminal) -> None:
    shop.run("INSERT INTO batch VALUES (?, 1, 1, 1, 5, ?, 6)", [b"b" * 16, b"receipt"])
    shop.run("INSERT INTO batch VALUES (?, 1, 2, 2, 5, NULL, NULL)", [b"c" * 16])
    assert cbor.decode_map(encode_export(terminal.store, terminal.journal))["receipts"] == [b"receipt"]


def test_trust_is_published_for_everyone_and_has_no_secret(shop: Shop, terminal: Terminal) -> None:
    terminal.publish_trust()
    file = shop.home / "trust.json"
    value = json.loads(file.read_bytes())
    assert value["server_keys"] == [{"kid": shop.server_key.kid.hex(), "key": shop.server_key.public_key.hex()}]
    assert open_certificate(bytes.fromhex(value["certificate"]), {shop.server_key.kid: shop.server_key.public_key})
    assert file.stat().st_mode & 0o777 == 0o644
