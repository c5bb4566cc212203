"""`server search`: one box for everything."""

from dataclasses import asdict

from syncserver.commands.running import Json, run, show
from syncserver.search.searching import search


def find(text: str, *, json: Json = False) -> None:
    """Find payments, wallets, customers, people, devices, vendors, bank entries and receipts, at most ten of a kind.

    By an id or its first 6 digits, the last 4 of a new payment's, a wallet's number or its first 3, an amount, a day,
    words of a name, a login, a reference.

    Example: tallystick server search "maria ta"
    """
    found = run(lambda services: search(services, text))
    data = [asdict(one) | {"kind": one.kind.value} for one in found]
    lines = [f"{one.kind.value:<12}  {one.id}  {one.title}  {one.detail}" for one in found]
    show({"hits": data}, "\n".join(lines) or "Nothing is called like that.", json=json)
