"""How a till looks and prints, as its people like it: `till.json` in its folder. Nothing in it is secret or money."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from terminal.store.files import make_folder, write_atomically

FILE_NAME = "till.json"
THEMES = ("dark", "light", "contrast", "ascii")
_MOST_BYTES = 65_536


class Preferences(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A till's preferences. Empty texts mean that the surroundings decide.

    Attributes:
        language: a key of `terminal.texts.LANGUAGES`.
        theme: one of `THEMES`.
        bell: whether verdicts and refusals ring.
        printer: as `terminal.printing` names printers.
        paper: columns of the printer's paper.
        receipts: when a receipt is printed by itself: always or never; else on a key.
        keys: action → keys, where they differ from the table of `terminal.ui.keys`.
    """

    language: str = ""
    theme: str = ""
    bell: bool = True
    printer: str = ""
    paper: int = 42
    receipts: str = "never"
    keys: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Read:
    """What the file says; `damaged` where it can't be read, and defaults stand instead."""

    preferences: Preferences
    damaged: bool = False


def read_preferences(home: Path) -> Read:
    """The preferences of a terminal's folder."""
    try:
        with (home / FILE_NAME).open("rb") as file:
            return Read(msgspec.json.decode(file.read(_MOST_BYTES), type=Preferences))
    except FileNotFoundError:
        return Read(Preferences())
    except (OSError, msgspec.DecodeError):
        return Read(Preferences(), damaged=True)


def write_preferences(home: Path, preferences: Preferences) -> None:
    """Keep them.

    Raises:
        DiskFullError: where they can't be written; the old ones are still there.
    """
    make_folder(home)
    write_atomically(home / FILE_NAME, msgspec.json.format(msgspec.json.encode(preferences), indent=2) + b"\n")
