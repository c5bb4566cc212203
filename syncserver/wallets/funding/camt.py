"""Bank statements as ISO 20022 has them: camt.053, versions 001.02 to 001.13."""

import re
from collections.abc import Iterator
from datetime import date

from shared.errors import MoneyError
from shared.money import Money
from syncserver.wallets.funding.elements import Node, Reader
from syncserver.wallets.funding.entries import (
    MOST_ENTRIES,
    Entry,
    Keys,
    Part,
    Statement,
    account_of,
    clean,
    xml_money,
)
from syncserver.wallets.funding.errors import StatementError

FORMAT = "camt.053"
_NAMESPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.(0[2-9]|1[0-3])")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)", re.ASCII)
_STATEMENT = ("BkToCstmrStmt", "Stmt")
_ACCOUNT = (*_STATEMENT, "Acct")
_ENTRY = (*_STATEMENT, "Ntry")
_TEXTS = (
    ("RmtInf", "Strd", "CdtrRefInf", "Ref"),
    ("RmtInf", "Ustrd"),
    ("RmtInf", "Strd", "AddtlRmtInf"),
    ("AddtlTxInf",),
)
_PAYERS = (("RltdPties", "Dbtr", "Nm"), ("RltdPties", "Dbtr", "Pty", "Nm"))


def read(data: bytes, file: bytes) -> Statement:
    """What a file says; `file` is its SHA-256.

    Raises:
        StatementError: it is no camt.053, or says what can't be.
    """
    reading = _Reading()
    Reader(_accept, frozenset({_ACCOUNT, _ENTRY}), reading.opened, reading.closed).read(data)
    if not reading.keys.statement:
        raise StatementError("there is no statement in this file")
    return Statement(file, FORMAT, reading.entries, reading.pending, reading.empty)


def _accept(namespace: str, name: str) -> None:
    if name != "Document" or not _NAMESPACE.fullmatch(namespace):
        raise StatementError("this is no camt.053 of version 001.02 to 001.13")


class _Reading:
    """A file as it is read: whose statement it is at, and the entries so far."""

    def __init__(self) -> None:
        self.keys = Keys()
        self.entries: list[Entry] = []
        self.pending = 0
        self.empty = 0
        self._account: str | None = None

    def opened(self, node: Node) -> None:
        if node.name == "Stmt":
            self.keys.next_statement()
            self._account = None

    def closed(self, node: Node) -> None:
        if node.name == "Acct":
            self._account = account_of(node.says("Id", "IBAN") or node.says("Id", "Othr", "Id"))
            return
        if self._account is None:
            raise StatementError(f"line {node.line}: this entry's statement does not say whose it is")
        if len(self.entries) + self.pending + self.empty == MOST_ENTRIES:
            raise StatementError(f"a file has at most {MOST_ENTRIES:,} entries")
        try:
            self._entry(self._account, node)
        except (StatementError, MoneyError, ValueError) as error:
            raise StatementError(f"line {node.line}: {error}") from error

    def _entry(self, account: str, node: Node) -> None:
        state = node.says("Sts", "Cd") or node.says("Sts")
        if state != "BOOK":
            if state not in ("PDNG", "INFO", "FUTR"):
                raise StatementError(f"{state[:20]!r} is no state of an entry")
            self.pending += 1
            return
        money = _money(node.first("Amt"))
        if money.minor == 0:
            self.empty += 1
            return
        credit = _credit(node)
        reversal = node.says("RvslInd") in ("true", "1")
        parts = tuple(_parts(node, money, credit=credit))
        own = node.says("AcctSvcrRef") or (
            node.says("NtryDtls", "TxDtls", "Refs", "AcctSvcrRef") if len(parts) == 1 else ""
        )
        strong = own not in ("", "NOTPROVIDED", "NONREF")
        reference = clean(own if strong else node.says("NtryRef"))[:64] or None
        booked_on = _day(
            node.says("BookgDt", "Dt")
            or node.says("BookgDt", "DtTm")
            or node.says("ValDt", "Dt")
            or node.says("ValDt", "DtTm")
        )
        whole = sum(part.money.minor for part in parts) == money.minor
        if not whole:
            parts = (_together(node, money),)
        self.entries.append(
            self.keys.entry(
                account,
                reference,
                booked_on,
                money,
                parts,
                strong=strong,
                credit=credit,
                reversal=reversal,
                whole=whole,
            )
        )


def _parts(node: Node, money: Money, *, credit: bool) -> Iterator[Part]:
    """An entry's transactions; none of them has a sum that is not the entry's currency and direction."""
    details = list(node.all("NtryDtls", "TxDtls"))
    if len(details) <= 1:
        yield _part(details[0] if details else node, money, node)
        return
    for one in details:
        amount = one.first("Amt") or one.first("AmtDtls", "TxAmt", "Amt")
        direction = one.says("CdtDbtInd")
        if amount is None or (direction and _credit(one) != credit):
            return
        part = _money(amount)
        if part.currency != money.currency or part.minor == 0:
            return
        yield _part(one, part, node)


def _part(details: Node, money: Money, entry: Node) -> Part:
    texts = [found.text for path in _TEXTS for found in details.all(*path)]
    texts += [found.text for found in entry.all("AddtlNtryInf")]
    payer = next((name for path in _PAYERS if (name := details.says(*path))), "")
    returned = details.first("RtrInf")
    called = clean(details.says("Refs", "EndToEndId"))[:35]
    return Part(
        money,
        clean(payer)[:140],
        tuple(text for text in texts if text.strip()),
        reversal=returned is not None,
        end_to_end=called if called != "NOTPROVIDED" else "",
        why_returned=_why_returned(returned) if returned is not None else "",
    )


def _why_returned(returned: Node) -> str:
    """A bank's code, such as AC04 (the account is closed), and what it adds."""
    words = (returned.says("Rsn", "Cd") or returned.says("Rsn", "Prtry"), returned.says("AddtlInf"))
    return clean(" ".join(word for word in words if word))[:140]


def _together(entry: Node, money: Money) -> Part:
    texts = [found.text for one in entry.all("NtryDtls", "TxDtls") for path in _TEXTS for found in one.all(*path)]
    return Part(money, "", tuple(texts))


def _money(amount: Node | None) -> Money:
    if amount is None:
        raise MoneyError("an entry without an amount")
    return xml_money(amount.text, amount.attributes.get("Ccy", ""))


def _credit(node: Node) -> bool:
    direction = node.says("CdtDbtInd")
    if direction not in ("CRDT", "DBIT"):
        raise StatementError(f"{direction[:20]!r} is neither CRDT nor DBIT")
    return direction == "CRDT"


def _day(text: str) -> date:
    """The day of an xs:date or xs:dateTime, as the bank wrote it."""
    if not _DAY.match(text):
        raise StatementError(f"{text[:20]!r} is no day, such as 2026-11-21")
    return date.fromisoformat(text[:10])
