"""The file for the bank: what it says, that it fits the schema, and that the same run makes the same bytes."""

from xml.etree import ElementTree as ET

import pytest

from shared.money import Money
from syncserver.payouts.errors import PaymentFileError
from syncserver.payouts.initiation import Credit, Debtor, Schema, initiation, plain
from tests.syncserver.kit import START

OURS = Debtor("Tallystick Ltd", "EE382200221020145685", "HABAEE2X")
CREDITS = (
    Credit("TP01", Money(123_456, "EUR"), "Õunapuu & Pojad OÜ", "DE89370400440532013000", "COBADEFFXXX"),
    Credit("TP02", Money(5, "EUR"), "Кафе Весна", "NL91ABNA0417164300", None),
)


def made(schema: Schema = Schema.V09, debtor: Debtor = OURS) -> bytes:
    return initiation("TR0192", debtor, CREDITS, at=START, schema=schema)


@pytest.mark.parametrize("schema", list(Schema))
def test_a_file_says_who_pays_whom_how_much_and_under_which_name(schema: Schema) -> None:
    data = made(schema)
    assert data == made(schema)
    space = {"": f"urn:iso:std:iso:20022:tech:xsd:{schema.value}"}
    root = ET.fromstring(data)  # noqa: S314 - our own file
    head = root.find(".//GrpHdr", space)
    assert head is not None
    assert [head.findtext(tag, namespaces=space) for tag in ("MsgId", "CreDtTm", "NbOfTxs", "CtrlSum")] == [
        "TR0192",
        "2026-11-21T12:00:00Z",
        "2",
        "1234.61",
    ]
    paid = root.findall(".//CdtTrfTxInf", space)
    assert [
        [one.findtext(path, namespaces=space) for path in (".//EndToEndId", ".//InstdAmt", "Cdtr/Nm", ".//IBAN")]
        for one in paid
    ] == [
        ["TP01", "1234.56", "Ounapuu Pojad OU", "DE89370400440532013000"],
        ["TP02", "0.05", "Kafe Vesna", "NL91ABNA0417164300"],
    ]
    # Each is booked by itself, so that the bank's statement has an entry for each.
    assert {node.text for node in root.findall(".//BtchBookg", space)} == {"false"}
    assert [node.text for node in root.findall(".//PmtInfId", space)] == ["TR0192-1", "TR0192-2"]
    assert {node.text for node in root.findall(".//SvcLvl/Cd", space)} == {"SEPA"}


def test_without_the_banks_code_the_file_says_so() -> None:
    assert b"<Id>NOTPROVIDED</Id>" in made(debtor=Debtor("Tallystick Ltd", OURS.account, None))


def test_what_does_not_fit_the_schema_is_no_file() -> None:
    with pytest.raises(PaymentFileError):
        made(debtor=Debtor("Tallystick Ltd", "no account", None))


def test_a_name_is_told_in_letters_that_each_bank_takes() -> None:
    assert plain('Jürgen <b>"Böß"</b>\x00 & Söhne; = ' + "x" * 100) == "Jurgen b Boss /b Sohne " + "x" * 47
    assert plain("= = =") == ""
