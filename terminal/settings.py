"""Where a terminal lives. The server's address is no setting: it comes from the enrolment."""

import os
from collections.abc import Mapping
from pathlib import Path

HOME_VARIABLE = "TALLYSTICK_HOME"
_DATA_VARIABLE = "XDG_DATA_HOME"


def home_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """The data folder: TALLYSTICK_HOME, else `tallystick` in the user's data folder (~/.local/share)."""
    if named := environ.get(HOME_VARIABLE):
        return Path(named).expanduser().absolute()
    data = environ.get(_DATA_VARIABLE)
    return (Path(data) if data else Path.home() / ".local" / "share") / "tallystick"
