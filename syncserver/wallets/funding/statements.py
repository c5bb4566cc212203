"""A bank's file as it comes, in whatever of its formats."""

import asyncio
import hashlib
from functools import partial

from syncserver.wallets.funding import camt, tables
from syncserver.wallets.funding.entries import Statement
from syncserver.wallets.funding.errors import StatementError

MOST_BYTES = 64 * 1024 * 1024


def read(data: bytes, account: str | None = None) -> Statement:
    """What a bank's file says: XML is camt.053, anything else is CSV.

    Args:
        data: the file.
        account: whose statement it is, for CSV in which no column says it.

    Raises:
        StatementError: it can't be read, or says what can't be. Nothing of it should be believed then.
    """
    if len(data) > MOST_BYTES:
        raise StatementError(f"a file has at most {MOST_BYTES // 1024 // 1024} MiB")
    file = hashlib.sha256(data).digest()
    start = data[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    return camt.read(data, file) if start.startswith(b"<") else tables.read(data, file, account)


async def read_in_thread(data: bytes, account: str | None = None) -> Statement:
    """The same beside the event loop: a large file takes seconds.

    Raises:
        StatementError: as `read`.
    """
    return await asyncio.to_thread(partial(read, data, account))
