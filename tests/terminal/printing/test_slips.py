"""What a slip says: on any paper, in any letters, with nothing cut."""

from datetime import UTC

import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from shared import record_text
from shared.lifecycles import TillState
from shared.money import Money
from terminal.printing import as_picture
from terminal.printing.as_picture import as_png, draw_qr, picture
from terminal.printing.as_text import as_text
from terminal.printing.escpos_job import job_of
from terminal.printing.letters import RUNS, has, legible
from terminal.printing.lines import Pair, Text, clean, set_blocks
from terminal.printing.slip import PaidPart, Slip, layout, report_slip
from tests.shared.samples import vector

RAW = vector("records", 1, "cose")
WIDTHS = pytest.mark.parametrize("width", [32, 42, 48])


def part(number: int = 1, state: TillState = TillState.PENDING) -> PaidPart:
    return PaidPart(
        payment=bytes([number]) * 16,
        wallet="******2108",
        amount=Money(12_50, "EUR"),
        at=1_780_000_000_000,
        state=state,
        seq=number,
        epoch=1,
        link=b"\x9a" * 32,
        code=record_text.to_text(RAW),
    )


def slip(*parts: PaidPart, vendor: str = "Shop", copy: bool = False, otherwise: int = 0) -> Slip:
    paid = parts or (part(),)
    return Slip(vendor=vendor, till="till 1", parts=paid, otherwise=Money(otherwise, "EUR"), copy=copy, zone=UTC)


@WIDTHS
def test_a_receipt_says_all_that_it_must(width: int) -> None:
    said = as_text(slip(), width)
    joined = "".join(said.split())
    for wanted in ("Shop", "2026-05-28 20:26:40 +00:00", "12.50 EUR", "******2108", "OFFLINE, not yet settled"):
        assert wanted in said
    assert "9a" * 32 in joined
    assert "01010101-0101-0101-0101-010101010101" in joined
    assert record_text.to_text(RAW) in said.splitlines()
    assert "COPY" not in said


def test_a_copy_says_so_at_both_ends() -> None:
    assert as_text(slip(copy=True), 42).count("COPY") == 2


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (TillState.COMPLETED, "SETTLED"),
        (TillState.FLAGGED, "OFFLINE, under review"),
        (TillState.VOIDED, "VOIDED: nothing was paid"),
        (TillState.FAILED, "FAILED: nothing was paid"),
    ],
)
def test_a_receipt_says_how_its_payment_stands(state: TillState, said: str) -> None:
    assert said in as_text(slip(part(state=state)), 42)


def test_the_total_leaves_out_what_was_voided_and_takes_in_what_was_paid_otherwise() -> None:
    made = slip(part(1), part(2), part(3, TillState.VOIDED), otherwise=5_00)
    assert made.total == Money(30_00, "EUR")
    assert "30.00 EUR" in as_text(made, 42)
    assert "5.00 EUR" in as_text(made, 42)


@WIDTHS
@pytest.mark.parametrize(
    "vendor",
    ["x" * 128, "Käse & Wein " * 9, "居酒屋" * 20, "e\u0301" * 60, "Ž" * 60],
    ids=["one word", "words", "wide", "combining", "accents"],
)
def test_a_long_name_is_wrapped_and_nothing_of_it_is_cut(width: int, vendor: str) -> None:
    lines = layout(slip(vendor=vendor), width)
    for line in lines:
        assert cell_len(line.text) * (2 if line.big else 1) <= width
    assert "".join(legible(clean(vendor)).split()) in "".join("".join(line.text for line in lines).split())


@given(st.text(max_size=200), st.text(max_size=80), st.integers(24, 64), st.booleans())
def test_any_text_fits_the_paper_and_loses_no_letter(left: str, right: str, width: int, big: bool) -> None:
    lines = set_blocks([Text(left, centre=True, big=big), Pair(left, right, big=big)], width)
    assert all(cell_len(line.text) * (2 if big else 1) <= width for line in lines)
    shown = "".join("".join(line.text for line in lines).split())
    assert shown == "".join((clean(left) + clean(left) + clean(right)).split())
    assert all(line.text.isprintable() for line in lines)


def test_controls_and_marks_that_turn_the_writing_are_left_out() -> None:
    assert clean("Ev\x1b@il\x00\u202e shop\r\nnext") == "Ev @il shop next"


@WIDTHS
def test_a_paper_too_narrow_is_refused(width: int) -> None:
    layout(slip(), width)
    with pytest.raises(ValueError, match="columns"):
        layout(slip(), width - 30)


def test_a_report_has_a_title_rows_and_rules() -> None:
    said = as_text(report_slip("Z report", [("payments", "12"), ("", ""), ("total", "120.00 EUR")]), 32).splitlines()
    assert said[0].strip() == "Z report"
    assert said[2].split() == ["payments", "12"]
    assert said[3] == "-" * 32
    assert said[4] == "total" + " " * 17 + "120.00 EUR"


@pytest.mark.parametrize(("dots", "module"), [(384, 4), (576, 6)])
def test_the_code_of_a_payment_is_wide_enough_to_be_scanned(dots: int, module: int) -> None:
    # Version 15-M: 77 modules, and 4 white ones on each side.
    image = draw_qr(record_text.to_text(RAW), dots)
    assert image.size == (dots, (77 + 8) * module)
    assert image.getextrema() == (0, 255)


@pytest.mark.parametrize("letters", ["ŽžőłŁΩßÄ€ŠřțșđĦıİąęůœ", "ЖяЂѓіїЄ", "ΆώΈς"])
def test_the_picture_has_the_letters_of_european_languages(letters: str) -> None:
    unknown = as_png(slip(vendor="?"), 32)
    drawn = {as_png(slip(vendor=letter), 32) for letter in letters}
    assert len(drawn) == len(letters)
    assert unknown not in drawn


def test_the_letters_of_the_font_are_known() -> None:
    font = TTFont(as_picture.__file__.replace("as_picture.py", "fonts/receipt.ttf"))
    known = {code for first, last in RUNS for code in range(first, last + 1)}
    assert known == set(font.getBestCmap()) - {0xFFFD}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Käse & Łódź, Жук", "Käse & Łódź, Жук"),
        ("居酒屋 とり", "JuJiuWu tori"),
        ("\ufb01ne \uff21\uff22\uff23", "fine ABC"),
        ("קפה", "kfh"),
        ("\ue000\U0010ffff", "??"),
        ("x\u0338", "x"),
    ],
)
def test_letters_that_the_paper_lacks_are_written_with_those_that_it_has(name: str, written: str) -> None:
    assert legible(name) == written


@settings(deadline=None)
@given(st.text(max_size=60))
def test_any_name_can_be_printed(vendor: str) -> None:
    lines = [line for line in layout(slip(vendor=vendor), 32) if line.qr is None]
    assert all(has(symbol) for line in lines for symbol in line.text)
    assert picture(lines, 32).size == (32 * 12, sum(48 if line.big else 24 for line in lines))
    assert job_of(lines, 32)


def test_a_picture_is_a_png_as_wide_as_its_paper() -> None:
    drawn = as_png(slip(), 48)
    assert drawn.startswith(b"\x89PNG")
    assert int.from_bytes(drawn[16:20], "big") == (48 + 4) * 12
