"""A run as the file that a bank takes: an ISO 20022 customer credit transfer initiation (pain.001), in euro, over SEPA.

`sepaxml` puts it together and holds it against the schema. Its ids and its time are ours instead, so that the same run
makes the same bytes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from xml.etree.ElementTree import SubElement

from sepaxml import SepaTransfer
from sepaxml.validation import ValidationError
from text_unidecode import unidecode

from shared.money import Money
from shared.words import Word
from syncserver.payouts.errors import PaymentFileError

# What SEPA's banks have to take in a text (EPC217-08); anything else becomes a blank.
_NOT_TAKEN = re.compile(r"[^A-Za-z0-9/?:().,'+ -]")


class Schema(Word):
    """Which version of pain.001 a bank takes."""

    V09 = "pain.001.001.09"
    V03 = "pain.001.001.03"


@dataclass(frozen=True, slots=True)
class Debtor:
    """Whose account pays."""

    holder: str
    account: str
    bic: str | None


@dataclass(frozen=True, slots=True)
class Credit:
    """One payment of a file."""

    end_to_end: str
    money: Money
    holder: str
    account: str
    bic: str | None


class _Initiation(SepaTransfer):  # type: ignore[misc] # it has no types
    """The library's file with our ids and our time in it."""

    def __init__(self, config: dict[str, Any], schema: str, message: str, made: datetime) -> None:
        self._made = made
        self._message = message
        super().__init__(config, schema=schema, clean=True)

    def _create_header(self) -> None:
        super()._create_header()
        for tag, text in (("MsgId", self._message), ("CreDtTm", self._made.strftime("%Y-%m-%dT%H:%M:%SZ"))):
            for node in self._xml.iter(tag):
                node.text = text

    def export(self) -> bytes:
        """The file, held against its schema."""
        for number, node in enumerate(self._xml.iter("PmtInfId"), 1):
            node.text = f"{self._message}-{number}"
        for node in self._xml.iter("FinInstnId"):
            if len(node) == 0:  # without a BIC, by the implementation guidelines of SEPA
                SubElement(SubElement(node, "Othr"), "Id").text = "NOTPROVIDED"
        return bytes(super().export(validate=True))


def plain(text: str) -> str:
    """A text in the characters that each bank takes, bounded as a name is; empty where nothing is left of it."""
    return " ".join(_NOT_TAKEN.sub(" ", unidecode(text)).split())[:70].strip()


def initiation(message: str, debtor: Debtor, credits_: Sequence[Credit], *, at: int, schema: Schema) -> bytes:
    """The file that pays all of these, each booked by itself.

    Args:
        message: what the file is called between us and the bank, at most 30 letters and digits.
        debtor: whose account pays.
        credits_: what is paid, in euro.
        at: when it is made (ms); it is to be paid on that day (UTC).
        schema: which version.

    Raises:
        PaymentFileError: it does not fit the schema.
    """
    made = datetime.fromtimestamp(at // 1_000, UTC)
    config = {"name": plain(debtor.holder), "IBAN": debtor.account, "currency": "EUR", "batch": False}
    if debtor.bic is not None:
        config["BIC"] = debtor.bic
    file = _Initiation(config, schema.value, message, made)
    for one in credits_:
        payment = {
            "name": plain(one.holder),
            "IBAN": one.account,
            "amount": one.money.minor,
            "execution_date": made.date(),
            "description": f"Payout {one.end_to_end}",
            "endtoend_id": one.end_to_end,
        }
        file.add_payment(payment | ({"BIC": one.bic} if one.bic is not None else {}))
    try:
        return file.export()
    except ValidationError as error:
        raise PaymentFileError from error
