"""Every key of the till, in one table: bindings, footers and the help page are drawn from it.

Keypads send `add` and `decimal` where the terminal speaks the kitty protocol, and plain + and . elsewhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from textual.binding import Binding

from terminal.texts import _, marked


@dataclass(frozen=True, slots=True)
class Key:
    """What a key does: `keys` as Textual names them, commas between; `short` for the footer, `long` for the help."""

    id: str
    keys: str
    short: str
    long: str
    footer: bool = True


_TABLE = (
    Key("next", "enter", marked("Next"), marked("Go on to the next step"), footer=False),
    Key("confirm", "plus,add,f10", marked("Confirm"), marked("Confirm what can't be taken back")),
    Key("back", "escape,subtract", marked("Back"), marked("Go back one step")),
    Key("menu", "asterisk,multiply,f12", marked("Menu"), marked("Everything else, by number"), footer=False),
    Key("help", "f1", marked("Help"), marked("What the keys do")),
    Key("history", "f2", marked("History"), marked("Payments so far, and what became of each")),
    Key("queue", "f3", marked("Queue"), marked("What waits for the server, and why")),
    Key("sync", "f5", marked("Sync"), marked("Sync now")),
    Key("last", "f6", marked("Receipt"), marked("The last sale's receipt")),
    Key("shift", "f4", marked("Shift"), marked("Open or close the shift; the Z report")),
    Key("status", "f7", marked("Status"), marked("How this till is: book, limits, clock, versions"), footer=False),
    Key("settings", "f8", marked("Settings"), marked("Looks, language, printer, keys"), footer=False),
    Key("lock", "f9", marked("Lock"), marked("Lock the till, or log out"), footer=False),
    Key("print", "p", marked("Print"), marked("Print the receipt")),
    Key("save", "s", marked("Save"), marked("Save the receipt as text and picture")),
    Key("void", "v", marked("Void"), marked("Void this payment (a supervisor's PIN)")),
    Key("refund", "r", marked("Refund"), marked("Refund this payment, online (a supervisor's PIN)")),
    Key("again", "a", marked("Ask again"), marked("Ask again for a refund that was not answered")),
    Key("search", "slash,divide", marked("Search"), marked("Search the history")),
    Key("smaller", "enter", marked("QR size"), marked("The receipt's QR code smaller or larger")),
    Key("past", "enter", marked("Earlier"), marked("The shifts before, with their reports")),
    Key("otherwise", "o", marked("Other tender"), marked("The rest is paid another way")),
    Key("enrol", "e", marked("Enrol again"), marked("Enrol this till anew, with a new key")),
    Key("close", "ctrl+q", marked("Quit"), marked("Close the till's program"), footer=False),
)
KEYS: Mapping[str, Key] = {key.id: key for key in _TABLE}

# What edits and moves is nobody's to take.
_TYPES = ("enter", "backspace", "delete", "escape", "tab", "up", "down", "left", "right", "home", "end", "space")
_NAMES = {
    "escape": "Esc",
    "enter": "Enter",
    "plus": "+",
    "add": "+",
    "minus": "-",
    "subtract": "-",
    "asterisk": "*",
    "multiply": "*",
    "slash": "/",
    "divide": "/",
    "ctrl+q": "Ctrl-Q",
}


def bindings(*ids: str) -> list[Binding]:
    """Bindings for a screen, each to the action of the same name."""
    return [Binding(KEYS[name].keys, name, KEYS[name].short, show=KEYS[name].footer, id=name) for name in ids]


def name_of(key: str) -> str:
    """How people call a key: F1, Esc, +."""
    return _NAMES.get(key) or (key.upper() if len(key) == 1 or key[1:].isdigit() else key)


def names_of(keys: str) -> str:
    """How people call the keys of one action: + or F10."""
    return " / ".join(dict.fromkeys(name_of(key.strip()) for key in keys.split(",")))


def keys_of(action: str, changed: Mapping[str, str]) -> str:
    """The keys of an action, as its people have changed them."""
    return changed.get(action) or KEYS[action].keys


def help_rows(actions: Iterable[str], changed: Mapping[str, str]) -> list[tuple[str, str]]:
    """Keys and what they do, for the help page."""
    return [(names_of(keys_of(action, changed)), _(KEYS[action].long)) for action in actions if action in KEYS]


def conflict(key: str, action: str, changed: Mapping[str, str]) -> str | None:
    """What a key is taken by, in words; None where an action may have it."""
    if (len(key) == 1 and key.isdigit()) or key in _TYPES:
        return _("typing and moving")
    others = (name for name in KEYS if name != action)
    return next((_(KEYS[name].long) for name in others if key in keys_of(name, changed).split(",")), None)
