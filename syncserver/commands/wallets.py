"""`server wallet` and `server codes`."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import segno
from cyclopts import App, Parameter

from shared.codes import grouped
from shared.ids import uuid_bytes, uuid_text, wallet_number
from shared.money import Money, format_minor
from syncserver.commands.running import Json, actor, run, show
from syncserver.services import Services
from syncserver.wallets import accounts, issuing, releasing
from syncserver.wallets.accounts import Balances
from syncserver.wallets.listing import SeriesView, list_of_wallet

wallet = App(name="wallet")
codes = App(name="codes")


def _show_balances(balances: Balances, *, json: bool) -> None:
    data = asdict(balances)
    parts = ("online", "offline", "held", "review")
    words = ", ".join(f"{part} {format_minor(data[part], balances.currency)}" for part in parts)
    show(
        {part: data[part] for part in parts} | {"wallet": balances.wallet, "currency": balances.currency},
        f"{balances.wallet}: {words} {balances.currency}",
        json=json,
    )


@wallet.command(name="fund")
def fund(number: str, amount: str, *, json: Json = False) -> None:
    """Pay an amount in from the bank.

    Example: tallystick server wallet fund 2026112108 200.00
    """
    _show_balances(run(lambda s: accounts.fund(s, wallet_number(number), amount, actor())), json=json)


@wallet.command(name="move-offline")
def move_offline(number: str, amount: str, *, back: bool = False, json: Json = False) -> None:
    """Move an amount from the online to the offline balance, or with --back the other way.

    Example: tallystick server wallet move-offline 2026112108 150.00
    """
    _show_balances(
        run(lambda s: accounts.move_offline(s, wallet_number(number), amount, actor(), back=back)), json=json
    )


@wallet.command(name="show")
def show_wallet(number: str, *, json: Json = False) -> None:
    """Show what a wallet has: online, offline, held for codes, in review."""

    async def read(services: Services) -> Balances:
        async with services.pool.acquire() as connection:
            return await accounts.show(connection, wallet_number(number))

    _show_balances(run(read), json=json)


@wallet.command(name="block")
def block(number: str, *, undo: bool = False, json: Json = False) -> None:
    """Block a wallet, or with --undo end that; terminals learn it with their next book."""
    run(lambda s: accounts.block(s, wallet_number(number), blocked=not undo))
    show({"wallet": number, "blocked": not undo}, "Unblocked." if undo else "Blocked.", json=json)


@codes.command(name="issue")
def issue(
    number: str,
    *,
    count: int = issuing.DEFAULT_COUNT,
    cap: str | None = None,
    hours: int = issuing.VALID_HOURS,
    svg: Annotated[Path | None, Parameter(help="A folder to write each voucher to as SVG.")] = None,
    png: Annotated[Path | None, Parameter(help="A folder to write each voucher to as PNG.")] = None,
    qr: Annotated[bool | None, Parameter(help="Vouchers as QR codes here; by default on a terminal.")] = None,
    json: Json = False,
) -> None:
    """Issue a series of one-time codes, shown this once, each with its voucher.

    By default the offline balance is shared evenly among them, at most the payment limit each.

    Example: tallystick server codes issue 2026112108 --count 5 --cap 50.00
    """

    async def issued(services: Services) -> issuing.IssuedSeries:
        wallet_id = wallet_number(number)
        async with services.pool.acquire() as connection:
            currency = (await accounts.show(connection, wallet_id)).currency
        minor = Money.parse(cap, currency).minor if cap is not None else None
        return await issuing.issue(services, wallet_id, count=count, cap=minor, valid_hours=hours, actor=actor())

    series = run(issued)
    files = _write_pictures(series, svg, "svg") + _write_pictures(series, png, "png")
    show(_data(series), _words(series, files), json=json)
    if not json and (sys.stdout.isatty() if qr is None else qr):
        _print_pictures(series)


def _data(series: issuing.IssuedSeries) -> dict[str, Any]:
    return {
        "series": uuid_text(series.series),
        "expiresAt": series.expires_at,
        "t": series.kdf.t,
        "m": series.kdf.m_kib,
        "codes": [
            {"index": one.index, "code": grouped(one.code), "cap": one.cap, "voucher": one.voucher}
            for one in series.codes
        ],
    }


def _words(series: issuing.IssuedSeries, files: list[Path]) -> str:
    lines = [f"Series {uuid_text(series.series)} of wallet {series.wallet}. These codes are shown this once:"]
    lines += [
        f"  {one.index}  {grouped(one.code)}  up to {format_minor(one.cap, series.currency)} {series.currency}"
        for one in series.codes
    ]
    lines += [f"  wrote {file}" for file in files]
    return "\n".join(lines)


def _write_pictures(series: issuing.IssuedSeries, folder: Path | None, kind: str) -> list[Path]:
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for one in series.codes:
        file = folder / f"voucher-{series.wallet}-{uuid_text(series.series)[-6:]}-{one.index}.{kind}"
        segno.make_qr(one.voucher, error="m").save(str(file), kind=kind, scale=6)
        files.append(file)
    return files


def _print_pictures(series: issuing.IssuedSeries) -> None:
    for one in series.codes:
        print(f"\nVoucher {one.index}, up to {format_minor(one.cap, series.currency)} {series.currency}:")
        segno.make_qr(one.voucher, error="l").terminal(compact=True)


@codes.command(name="list")
def list_series(number: str, *, json: Json = False) -> None:
    """List a wallet's series, the newest first, as `withdraw` wants them. The codes themselves are stored nowhere.

    Example: tallystick server codes list 2026112108
    """

    async def read(services: Services) -> tuple[Balances, list[SeriesView]]:
        async with services.pool.acquire() as connection:
            wallet_id = wallet_number(number)
            return await accounts.show(connection, wallet_id), await list_of_wallet(connection, wallet_id)

    balances, found = run(read)
    data = [
        {
            "series": uuid_text(one.series),
            "state": one.state,
            "issuedAt": one.issued_at,
            "expiresAt": one.expires_at,
            "releaseAt": one.release_at,
            "codes": one.codes,
            "claimed": one.claimed,
            "held": one.held,
        }
        for one in found
    ]
    lines = [
        f"{uuid_text(one.series)}  {one.state:<9}  {one.claimed} of {one.codes} used  "
        f"{format_minor(one.held, balances.currency)} {balances.currency} held"
        for one in found
    ]
    show({"series": data}, "\n".join(lines) or "This wallet has no codes.", json=json)


@codes.command(name="withdraw")
def withdraw(series: str, *, json: Json = False) -> None:
    """Withdraw a series, as when a customer lost the card. Its caps return to the wallet at its release.

    Example: tallystick server codes withdraw 0192f0c1-a000-7000-8000-00000000c001
    """
    run(lambda services: releasing.withdraw(services, uuid_bytes(series)))
    show({"series": series, "withdrawn": True}, "Withdrawn.", json=json)
