"""The letters that a receipt's font has: European ones. Others are written with those, as well as may be. Pure."""

import unicodedata
from bisect import bisect_right

from terminal.printing.lines import clusters

# What fonts/receipt.ttf has, first and last of each run.
RUNS = (
    (0x0020, 0x007E), (0x00A0, 0x017F), (0x018F, 0x018F), (0x0192, 0x0192), (0x01CD, 0x01DC), (0x01E2, 0x01E3),
    (0x01E6, 0x01F0), (0x01F4, 0x01F5), (0x0218, 0x021B), (0x0237, 0x0237), (0x02C6, 0x02C9), (0x02CC, 0x02D3),
    (0x02D6, 0x02DD), (0x0300, 0x030C), (0x0323, 0x0328), (0x0374, 0x0377), (0x037A, 0x037F), (0x0384, 0x038A),
    (0x038C, 0x038C), (0x038E, 0x03A1), (0x03A3, 0x03CE), (0x03D0, 0x03E1), (0x03F0, 0x045F), (0x0490, 0x049B),
    (0x04A2, 0x04A5), (0x04AA, 0x04B3), (0x04BA, 0x04BB), (0x04C0, 0x04C4), (0x04C7, 0x04C8), (0x04CB, 0x04CC),
    (0x04CF, 0x04F9), (0x1E00, 0x1E13), (0x1E18, 0x1E2D), (0x1E30, 0x1E4D), (0x1E54, 0x1E63), (0x1E68, 0x1E79),
    (0x1E7C, 0x1E99), (0x1E9B, 0x1E9B), (0x1EA0, 0x1EA1), (0x1EAC, 0x1EAD), (0x1EB0, 0x1EB1), (0x1EB6, 0x1EB9),
    (0x1EBC, 0x1EBD), (0x1EC6, 0x1EC7), (0x1ECA, 0x1ECD), (0x1ED8, 0x1EDD), (0x1EE0, 0x1EE5), (0x1EE8, 0x1EEB),
    (0x1EEE, 0x1EF5), (0x1EF8, 0x1EF9), (0x2010, 0x2023), (0x2026, 0x2026), (0x2030, 0x2037), (0x2039, 0x203A),
    (0x20A0, 0x20B5), (0x20B8, 0x20BA), (0x20BD, 0x20BD), (0x2116, 0x2116), (0x2122, 0x2122), (0x2190, 0x2193),
    (0x2212, 0x2212), (0x2260, 0x2260), (0x2264, 0x2265), (0x2500, 0x2503),
)  # fmt: skip
_FIRSTS = [first for first, _last in RUNS]
_UNKNOWN = "?"


def has(symbol: str) -> bool:
    """Whether the font has a letter or mark."""
    code = ord(symbol)
    place = bisect_right(_FIRSTS, code) - 1
    return place >= 0 and code <= RUNS[place][1]


def legible(text: str) -> str:
    """The text in letters that the font has: 居酒屋 is JuJiuWu, ﬁ is fi; a question mark for what has no such form."""
    composed = unicodedata.normalize("NFC", text)
    if all(map(has, composed)):
        return composed
    return "".join(letters if all(map(has, letters)) else _written(letters) for letters in clusters(composed))


def _written(letters: str) -> str:
    """A letter with its marks: the letter alone where that is known, else as it sounds."""
    from anyascii import anyascii  # noqa: PLC0415 - its tables are read for letters that few receipts have

    plain = "".join(mark for mark in unicodedata.normalize("NFKD", letters) if not unicodedata.combining(mark))
    if plain and all(map(has, plain)):
        return plain
    sounds: str = anyascii(letters)
    return sounds if sounds.strip() and sounds.isprintable() else _UNKNOWN
