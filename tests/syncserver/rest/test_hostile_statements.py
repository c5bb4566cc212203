"""Files that pretend to be bank statements, and those that banks write oddly."""

import asyncio
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.ids import luhn_digit
from syncserver.people.access import Role
from syncserver.wallets.funding import camt as camt_files
from syncserver.wallets.funding import entries as bank_entries
from syncserver.wallets.funding import statements
from syncserver.wallets.funding.errors import StatementError
from syncserver.wallets.funding.references import check_digits, printed, reference_of, wallets_named
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import customer, data, person, refused
from tests.syncserver.rest.statements import (
    ACCOUNT,
    V02,
    V08,
    Row,
    camt,
    document,
    open_accounts,
    statement,
    table,
    upload,
)

WALLET = "2026112108"
REFERENCE = reference_of(WALLET)
LAUGHS = (
    '<!DOCTYPE lolz [<!ENTITY a "lol">'
    + "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in zip("abcdefgh", "bcdefghi", strict=True))
    + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
PARAMETER = '<!DOCTYPE x [<!ENTITY % a SYSTEM "http://localhost/x.dtd"> %a;]>'
DTD = '<!DOCTYPE Document SYSTEM "http://localhost/x.dtd">'
DEEP = "<a>" * 100_000 + "</a>" * 100_000

HOSTILE = {
    "billion laughs": camt(Row(text="&i;"), before=LAUGHS),
    "an external entity": camt(Row(text="&a;"), before=OUTSIDE),
    "a parameter entity": camt(Row(), before=PARAMETER),
    "a document type": camt(Row(), before=DTD),
    "an unknown entity": camt(Row(text="&nobody;")),
    "another namespace": camt(Row(), namespace="urn:iso:std:iso:20022:tech:xsd:camt.054.001.02"),
    "a version before": camt(Row(), namespace="urn:iso:std:iso:20022:tech:xsd:camt.053.001.01"),
    "no namespace": b"<Document><BkToCstmrStmt/></Document>",
    "another root": f'<Html xmlns="{V02}"/>'.encode(),
    "truncated": camt(Row())[:-40],
    "two documents": camt(Row()) * 2,
    "nothing in it": document(),
    "no account": camt(Row()).replace(b"<Acct>", b"<Akkt>").replace(b"</Acct>", b"</Akkt>"),
    "an account of nothing": camt(Row(), account="-"),
    "no amount": camt(Row()).replace(b"Amt ", b"Amnt ").replace(b"</Amt", b"</Amnt"),
    "no currency": camt(Row()).replace(b' Ccy="EUR"', b""),
    "a currency of nobody's": camt(Row(currency="XXX")),
    "no state": camt(Row()).replace(b"<Sts>BOOK</Sts>", b""),
    "another state": camt(Row(status="MAYBE")),
    "no direction": camt(Row()).replace(b"CRDT", b"CRED"),
    "no day": camt(Row(day="")),
    "a day that never was": camt(Row(day="2026-02-30")),
    "deep": camt(Row(details=DEEP)),
    "deep outside": document(DEEP),
    "deep in another namespace": document(f'<o:x xmlns:o="urn:o">{DEEP.replace("a>", "o:a>")}</o:x>'),
    "a text without end": camt(Row(text="x" * 200_000)),
    "an encoding of nobody's": camt(Row()).replace(b"UTF-8", b"UTF-99"),
    "not the encoding it says": camt(Row(text="é")).decode().encode("latin-1"),
    "a NUL": camt(Row(text="\0")),
    "a lone surrogate": camt(Row(text="&#xD800;")),
    "an empty file": b"",
    "a zip": b"PK\x03\x04" + bytes(100),
    "names alone twice": b"date,amount,currency,amount\n2026-11-21,1,EUR,1\n",
    "no names": b"2026-11-21,1.00,EUR\n",
    "an open quote": table(Row())[:-1],
    "a cell too many": table(Row()) + b',"x"',
    "a cell without end": b"date,amount,currency,account\n2026-11-21,1," + b"x" * 200_000 + b",EE1\n",
    "latin-1": table(Row(text="é")).decode().encode("latin-1"),
    "UTF-16": table(Row()).decode().encode("utf-16"),
    "no account anywhere": table(Row(), account=None),
    "a day as Americans write it": table(Row(day="11/21/2026")),
    "a day of no month": table(Row(day="2026-13-01")),
    "a week": table(Row(day="2026-W47-6")),
    "a state of nobody's": table(Row(status="x")),
    "a formula": table(Row(amount="=1+1")),
    "a number without end": table(Row(amount="9" * 5_000)),
}


@pytest.mark.parametrize("file", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_file_is_refused_whole(file: bytes) -> None:
    with pytest.raises(StatementError):
        statements.read(file)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_in_words(noise: bytes) -> None:
    for file in (noise, b"<" + noise, b"date,amount,currency,account\n" + noise):
        try:
            statements.read(file)
        except StatementError:
            continue


@given(st.data())
def test_a_damaged_statement_is_refused_in_words_or_still_a_statement(drawn: st.DataObject) -> None:
    whole = bytearray(drawn.draw(st.sampled_from([camt(Row(text=REFERENCE)), table(Row(text=REFERENCE))])))
    at = drawn.draw(st.integers(0, len(whole) - 1))
    whole[at : at + drawn.draw(st.integers(0, 8))] = drawn.draw(st.binary(max_size=8))
    try:
        found = statements.read(bytes(whole))
    except StatementError:
        return
    assert all(entry.money.minor > 0 for entry in found.entries)


def test_a_file_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statements, "MOST_BYTES", 1_000)
    with pytest.raises(StatementError, match="MiB"):
        statements.read(camt(Row(text="x" * 1_000)))
    monkeypatch.undo()
    for module in ("camt", "tables"):
        monkeypatch.setattr(f"syncserver.wallets.funding.{module}.MOST_ENTRIES", 2)
    pending = [Row(status="PDNG")] * 3
    empty = [Row(amount="0")] * 3
    blank = table(Row()) + b"\n" * 4
    for file in (*(make(*rows) for make in (camt, table) for rows in ([Row()] * 3, pending, empty)), blank):
        with pytest.raises(StatementError, match="at most 2 entries"):
            statements.read(file)


@pytest.mark.parametrize("token", ["<!--{}-->", "<?x {}?>", '<x a="{}"/>', "<x>{}</x>"])
def test_a_token_of_megabytes_is_read_once(token: str) -> None:
    # In pieces it would be begun anew with each, for longer than a test may take.
    found = statements.read(document(token.format("x" * 60_000_000), statement(Row())))
    assert len(found.entries) == 1


def test_an_entry_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("syncserver.wallets.funding.elements.MOST_NODES", 100)
    statements.read(camt(*[Row()] * 200))
    with pytest.raises(StatementError, match="too many elements"):
        statements.read(camt(Row(details="<TxDtls/>" * 100)))


def test_a_hundred_thousand_rows_are_read() -> None:
    found = statements.read(table(*(Row(reference=str(number), text=REFERENCE) for number in range(100_000))))
    assert len({entry.key for entry in found.entries}) == 100_000


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_csv_as_banks_write_it(delimiter: str, start: str) -> None:
    quoted = Row(reference="A1", text='a ""quoted"", one; and\tanother\r\nline', amount="1,50", day="21.11.2026")
    found = statements.read(start.encode() + table(quoted, delimiter=delimiter) + b"\r\n\r\n")
    (entry,) = found.entries
    assert (entry.account, entry.booked_on.isoformat(), entry.money.minor) == (ACCOUNT, "2026-11-21", 150)
    assert entry.parts[0].texts == ('a "quoted", one; and\tanother\r\nline',)


def test_the_account_may_be_said_beside_the_file() -> None:
    (entry,) = statements.read(table(Row(), account=None), "ee38 2200 2210 2014 5685").entries
    assert entry.account == ACCOUNT
    with pytest.raises(StatementError, match="this is an entry of"):
        statements.read(table(Row()), "EE1")


def test_a_customers_reference_is_not_taken_for_the_banks_own() -> None:
    found = statements.read(table(Row(reference=REFERENCE), Row(reference=printed(REFERENCE), day="2026-11-22")))
    assert not any(entry.strong for entry in found.entries)
    assert {wallet for entry in found.entries for wallet in bank_entries.wallets_of(entry.parts[0])} == {WALLET}
    assert len({entry.key for entry in found.entries}) == 2


@pytest.mark.parametrize("number", range(2, 14))
def test_versions_of_camt(number: int) -> None:
    namespace = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{number:02}"
    (entry,) = statements.read(camt(Row(text=REFERENCE), namespace=namespace)).entries
    assert bank_entries.wallets_of(entry.parts[0]) == {WALLET}
    assert entry.parts[0].payer == "Maria Tamm"


def test_the_same_entry_has_one_key_in_every_format() -> None:
    row = Row(reference="A1", text=REFERENCE)
    files = [camt(row), camt(row, namespace=V08), table(row), table(row, delimiter=";"), camt(Row(), row)]
    assert len({statements.read(file).entries[-1].key for file in files}) == 1


def test_supplements_of_others_are_not_looked_at() -> None:
    other = f'<x:Ntry xmlns:x="urn:x"><x:Amt Ccy="EUR">99.00</x:Amt></x:Ntry>{"&lt;"}'
    found = statements.read(document(statement(Row(reference="A1")) + other))
    assert [entry.money.minor for entry in found.entries] == [1_250]


def test_utf_16_and_a_bom_are_read() -> None:
    file = camt(Row(text=f"Tänan {REFERENCE}")).decode().replace("UTF-8", "UTF-16")
    (entry,) = camt_files.read(file.encode("utf-16"), hashlib.sha256().digest()).entries
    assert statements.read(file.encode("utf-16")).entries[0].key == entry.key
    assert statements.read(b"\xef\xbb\xbf" + camt(Row())).entries


# ── References ──


def test_check_digits_are_those_of_the_standard() -> None:
    # The worked example of ISO 11649 in use by banks: RF18 5390 0754 7034.
    assert check_digits("539007547034") == "18"


@pytest.mark.parametrize(
    "text",
    [
        REFERENCE,
        REFERENCE.lower(),
        printed(REFERENCE),
        f"invoice 7, {printed(REFERENCE)} 100 EUR",
        f"/ROC/{REFERENCE}//",
        f"ref:{REFERENCE}.",
        f"{REFERENCE[:4]}00000000000{REFERENCE[4:]}",
        printed(f"{REFERENCE[:4]}000{REFERENCE[4:]}"),
        f"{REFERENCE[:9]}\n{REFERENCE[9:]}",
        f"{REFERENCE} {printed(REFERENCE)}",
        f"RF00 1234 {REFERENCE}",
    ],
)
def test_a_reference_is_found_in_a_text(text: str) -> None:
    assert wallets_named([text]) == {WALLET}
    assert wallets_named(["from Maria", text]) == {WALLET}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "RF",
        WALLET,
        REFERENCE[:-1],
        f"{REFERENCE}1",
        f"{REFERENCE}A",
        f"X{REFERENCE}",
        f"RF99{WALLET}",
        REFERENCE.replace("2026", "2025"),
        f"RF{check_digits('2026112109')}2026112109",
        "RF" + "0" * 100,
        "RF" * 1_000,
        REFERENCE.translate(str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")),
    ],
)
def test_what_is_no_reference_names_nobody(text: str) -> None:
    assert wallets_named([text]) == frozenset()


@given(st.from_regex(r"[0-9]{9}", fullmatch=True), st.integers(0, 13), st.sampled_from("0123456789"))
def test_a_digit_that_was_mistyped_names_nobody(nine: str, position: int, digit: str) -> None:
    reference = reference_of(nine + luhn_digit(nine))
    assert wallets_named([reference]) == {reference[4:]}
    wrong = reference[:position] + digit + reference[position + 1 :]
    assert wrong == reference or wallets_named([wrong]) == frozenset()


@given(st.text())
def test_any_text_is_looked_through(text: str) -> None:
    assert wallets_named([text]) <= {WALLET}


# ── Over REST ──


@pytest.mark.anyio
async def test_a_body_is_a_file_within_bounds(shop: Shop) -> None:
    admin, (_, wallet) = person(shop, Role.ADMIN), await customer(shop)
    await open_accounts(shop)
    too_large = camt(Row(structured=reference_of(wallet)), before="<!--" + "x" * 10_000_000 + "-->")
    assert refused(await upload(admin, too_large)) == (413, "TOO_LARGE")
    path = "/api/funding/import"
    for headers in ({}, {"Content-Type": "application/json"}, {"Content-Type": "multipart/form-data; boundary=x"}):
        answer = await shop.http.post(path, content=camt(Row()), headers={**admin.headers, **headers})
        assert refused(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")
    for name in ("billion laughs", "an external entity", "truncated", "an empty file", "a NUL"):
        assert refused(await upload(admin, HOSTILE[name])) == (422, "INVALID_STATEMENT"), name
    assert refused(await upload(admin, table(Row(), account=None), account="x y \0")) == (422, "INVALID_STATEMENT")
    assert refused(await upload(admin, camt(Row()), what="x")) == (422, "MALFORMED")
    assert (await shop.balances(wallet))[0] == 5_000
    assert await shop.services.pool.fetchval("SELECT count(*) FROM bank_entry") == 0


@pytest.mark.anyio
async def test_texts_of_strangers_are_kept_harmless(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await open_accounts(shop)
    text = "'; DROP TABLE wallet; -- \u202e \u0085 {} %s \\ &lt;script&gt;" + "é" * 3_000
    data(await upload(admin, camt(Row(reference="A1", text=text, payer="=cmd|' /C calc'!A0"))))
    data(await upload(admin, table(Row(reference="A2", text="\0nul\x07", payer="\ufffe"))))
    rows = await shop.services.pool.fetch("SELECT payer, remittance FROM bank_entry ORDER BY reference")
    assert rows[0]["payer"] == "=cmd|' /C calc'!A0"
    assert len(rows[0]["remittance"]) == 1_000
    assert rows[0]["remittance"].isprintable()
    assert (rows[1]["payer"], rows[1]["remittance"]) == ("", "nul")


@pytest.mark.anyio
async def test_some_thousand_entries_go_in_lots_and_once(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    wallets = [(await customer(shop))[1] for _ in range(20)]
    await open_accounts(shop)
    rows = [Row(reference=str(n), structured=reference_of(wallets[n % 20]), amount="0.10") for n in range(3_000)]
    answers = await asyncio.gather(upload(admin, table(*rows)), upload(admin, camt(*reversed(rows))))
    found = [data(answer) for answer in answers]
    assert [one["credited"] + one["known"] for one in found] == [3_000, 3_000]
    assert sum(one["credited"] for one in found) == 3_000
    assert {(await shop.balances(wallet))[0] for wallet in wallets} == {5_000 + 150 * 10}
    await shop.assert_reconciled()
