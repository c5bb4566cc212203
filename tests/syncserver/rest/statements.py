"""Bank statements of a test: files as banks write them."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from syncserver.wallets.funding import bank_accounts
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person

ACCOUNT = "EE382200221020145685"
YEN = "0005-1234567"
DINAR = "KW81CBKU0000000000001234560101"
V02 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
V08 = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One entry of a statement."""

    amount: str = "12.50"
    text: str = ""
    structured: str = ""
    reference: str | None = None
    own: str | None = None  # NtryRef
    day: str = "2026-11-21"
    currency: str = "EUR"
    credit: bool = True
    reversal: bool = False
    status: str = "BOOK"
    payer: str = "Maria Tamm"
    details: str | None = None  # in place of TxDtls


def camt(*rows: Row, account: str = ACCOUNT, namespace: str = V02, before: str = "", after: str = "") -> bytes:
    """A camt.053 of one statement."""
    return document(statement(*rows, account=account, namespace=namespace), namespace=namespace, before=before + after)


def document(*statements: str, namespace: str = V02, before: str = "") -> bytes:
    """A camt.053 of some statements."""
    body = "".join(statements)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}<Document xmlns="{namespace}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>1</MsgId></GrpHdr>{body}</BkToCstmrStmt></Document>"
    ).encode()


def statement(*rows: Row, account: str = ACCOUNT, namespace: str = V02) -> str:
    """One statement of a camt.053."""
    number = f"<IBAN>{account}</IBAN>" if account[:2].isalpha() else f"<Othr><Id>{account}</Id></Othr>"
    entries = "".join(_entry(row, new=namespace != V02) for row in rows)
    return f"<Stmt><Id>S</Id><Acct><Id>{number}</Id></Acct>{entries}</Stmt>"


def _entry(row: Row, *, new: bool) -> str:
    state = f"<Sts><Cd>{row.status}</Cd></Sts>" if new else f"<Sts>{row.status}</Sts>"
    name = f"<Pty><Nm>{row.payer}</Nm></Pty>" if new else f"<Nm>{row.payer}</Nm>"
    structured = f"<Strd><CdtrRefInf><Ref>{row.structured}</Ref></CdtrRefInf></Strd>" if row.structured else ""
    text = f"<Ustrd>{row.text}</Ustrd>" if row.text else ""
    details = row.details or (
        f"<TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties><Dbtr>{name}</Dbtr></RltdPties>"
        f"<RmtInf>{text}{structured}</RmtInf></TxDtls>"
    )
    return (
        "<Ntry>"
        + (f"<NtryRef>{row.own}</NtryRef>" if row.own else "")
        + f'<Amt Ccy="{row.currency}">{row.amount}</Amt><CdtDbtInd>{"CRDT" if row.credit else "DBIT"}</CdtDbtInd>'
        + ("<RvslInd>true</RvslInd>" if row.reversal else "")
        + f"{state}<BookgDt><Dt>{row.day}</Dt></BookgDt>"
        + (f"<AcctSvcrRef>{row.reference}</AcctSvcrRef>" if row.reference else "")
        + f"<NtryDtls>{details}</NtryDtls></Ntry>"
    )


def table(*rows: Row, account: str | None = ACCOUNT, delimiter: str = ",") -> bytes:
    """The same as CSV."""
    names = [
        "date",
        "amount",
        "currency",
        "bank_reference",
        "creditor_reference",
        "text",
        "payer",
        "status",
        "reversal",
    ]
    lines = [names + (["account"] if account else [])]
    for row in rows:
        amount = row.amount if row.credit else f"-{row.amount}"
        cells = [row.day, amount, row.currency, row.reference or "", row.structured, row.text, row.payer, row.status]
        lines.append([*cells, str(row.reversal).lower(), *([account] if account else [])])
    return "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines).encode()


async def open_accounts(shop: Shop, accounts: Sequence[tuple[str, str]] = ((ACCOUNT, "EUR"),)) -> None:
    """Our bank accounts."""
    for account, currency in accounts:
        await bank_accounts.add(shop.services, account=account, holder="Tallystick Ltd", currency=currency)


async def upload(admin: Person, data: bytes, **query: str) -> httpx.Response:
    """Import a file over REST."""
    kind = "application/xml" if data.lstrip(b"\xef\xbb\xbf").startswith(b"<") else "text/csv"
    await admin.enter()
    return await admin.shop.http.post(
        "/api/funding/import", content=data, params=query, headers={**admin.headers, "Content-Type": kind}
    )
