"""Where a terminal lives, and how it sells. The server's address is no setting: it comes from the enrolment."""

import math
import os
from collections.abc import Mapping
from pathlib import Path

from terminal.errors import InputError

HOME_VARIABLE = "TALLYSTICK_HOME"
SETTLE_VARIABLE = "TALLYSTICK_SETTLE_SECONDS"
SETTLE_SECONDS = 3.0
PRINTER_VARIABLE = "TALLYSTICK_PRINTER"  # as terminal.printing.addresses names printers
_LONGEST_SETTLE_S = 60.0
_DATA_VARIABLE = "XDG_DATA_HOME"


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The data folder: TALLYSTICK_HOME, else `tallystick` in the user's data folder (~/.local/share)."""
    if named := environ.get(HOME_VARIABLE):
        return Path(named).expanduser().absolute()
    data = environ.get(_DATA_VARIABLE)
    return (Path(data) if data else Path.home() / ".local" / "share") / "tallystick"


def settle_seconds(environ: Mapping[str, str] = os.environ) -> float:
    """How long a sale may wait for the server to settle it: TALLYSTICK_SETTLE_SECONDS, 3 by default; 0 is not at all.

    Raises:
        InputError: it is no number of seconds up to 60.
    """
    text = environ.get(SETTLE_VARIABLE)
    if not text:
        return SETTLE_SECONDS
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds <= _LONGEST_SETTLE_S:
        raise InputError(
            "{variable} is a number of seconds from 0 to {most:.0f}", variable=SETTLE_VARIABLE, most=_LONGEST_SETTLE_S
        )
    return seconds
