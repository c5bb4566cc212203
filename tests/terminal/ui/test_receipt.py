"""Receipts on the screen, on paper and in files, through the app."""

from pathlib import Path

import pytest

from shared import record_text
from terminal.preferences import Preferences
from terminal.service.printouts import FOLDER
from terminal.ui.slip_words import qr_lines
from tests.terminal.shop import Shop
from tests.terminal.ui.kit import SIZES, Screen, run, till_app
from tests.terminal.ui.test_history import take


def look(**others: object) -> Preferences:
    return Preferences(**{"theme": "dark", "language": "en", "bell": False, **others})  # type: ignore[arg-type]  # by name


async def to_receipt(screen: Screen) -> None:
    await screen.on("SaleScreen")
    await screen.type("f6")
    await screen.on("ReceiptScreen")
    await screen.sees("22.50 EUR")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("theme", ["dark", "ascii"])
def test_the_last_sales_receipt_is_shown_with_its_code(shop: Shop, size: tuple[int, int], theme: str) -> None:
    take(shop, ["1.00", "22.50"])

    async def story() -> None:
        async with till_app(shop, size=size, preferences=look(theme=theme)) as screen:
            await to_receipt(screen)
            await screen.sees("OFFLINE, not yet settled")
            assert theme != "ascii" or screen.text().isascii()
            await screen.type("pagedown", "pagedown")
            await screen.sees("##" if theme == "ascii" else "▄")

    run(story)


def test_a_till_without_sales_has_no_receipt(shop: Shop) -> None:
    async def story() -> None:
        async with till_app(shop) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("f6")
            await screen.sees("There was no sale at this till yet.")

    run(story)


def test_the_second_print_says_copy(shop: Shop, tmp_path: Path) -> None:
    take(shop, ["22.50"])
    printer = tmp_path / "paper"

    async def story() -> None:
        async with till_app(shop, preferences=look(printer=f"file:{printer}")) as screen:
            await to_receipt(screen)
            await screen.type("p")
            await screen.sees("Printed.")
            await screen.type("p")
            await screen.sees("Printed as a COPY.")

    run(story)
    assert printer.stat().st_size


def test_a_printer_that_is_not_there_is_told_in_words_and_counts_nothing(shop: Shop, tmp_path: Path) -> None:
    take(shop, ["22.50"])

    async def story() -> None:
        async with till_app(shop, preferences=look(printer=f"file:{tmp_path / 'no' / 'paper'}")) as screen:
            await to_receipt(screen)
            await screen.type("p")
            await screen.sees("✖")
            # A sync may have had it read anew while the printer was tried.
            await screen.until(lambda: "COPY" not in screen.text(), "no COPY")
            screen.app.preferences = look(printer=f"file:{tmp_path / 'paper'}")
            await screen.type("p")
            await screen.sees("Printed.")

    run(story)


def test_without_a_printer_it_says_what_to_do(shop: Shop) -> None:
    take(shop, ["22.50"])

    async def story() -> None:
        async with till_app(shop) as screen:
            await to_receipt(screen)
            await screen.type("p")
            await screen.sees("No printer is set up here")

    run(story)


def test_a_saved_receipt_is_text_and_picture_and_the_screen_says_where(shop: Shop) -> None:
    take(shop, ["22.50"])

    async def story() -> None:
        async with till_app(shop, size=(100, 30)) as screen:
            await to_receipt(screen)
            await screen.type("s")
            await screen.sees("Saved:")

    run(story)
    picture, text = sorted((shop.home / FOLDER).iterdir())
    assert picture.read_bytes().startswith(b"\x89PNG")
    code = next(line for line in text.read_text().splitlines() if line.startswith("TR1:"))
    with shop.terminal() as terminal:
        row = terminal.payments.latest(1)[0]
        stored = terminal.journal.record_at(row.epoch, row.seq)
    assert record_text.from_text(code) == stored.raw


def test_every_sale_is_printed_by_itself_where_people_want_that(shop: Shop, tmp_path: Path) -> None:
    anna, printer = shop.issue(wallet := "0000000018"), tmp_path / "paper"
    assert wallet == anna.wallet

    async def story() -> None:
        async with till_app(shop, preferences=look(printer=f"file:{printer}", receipts="always")) as screen:
            await screen.on("ShiftOpenScreen")
            await screen.type("1", "enter")
            await screen.on("SaleScreen")
            await screen.type(*"500", "enter")
            await screen.until(lambda: screen.field("wallet").display, "a tender")
            await screen.type(*anna.wallet, "enter", *anna.codes[0].lower(), "enter")
            await screen.on("VerdictScreen")
            await screen.sees("Printed.")

    run(story)
    assert printer.stat().st_size


@pytest.mark.parametrize("small", [False, True])
@pytest.mark.parametrize("ascii_only", [False, True])
def test_a_code_is_as_wide_in_all_its_lines(*, small: bool, ascii_only: bool) -> None:
    lines = qr_lines("TR1:" + "A0" * 150, ascii_only=ascii_only, small=small)
    assert len({line.cell_len for line in lines}) == 1
    assert not ascii_only or all(line.plain.isascii() for line in lines)
