"""Enrolment: the server's address and a one-time token make this folder a till of a shop."""

from typing import ClassVar

from terminal.texts import marked
from terminal.ui.screens.base import TillScreen


class EnrolScreen(TillScreen):
    """Three fields, each with its own check; the token may be scanned."""

    TITLE_TEXT = marked("Make this a till of a shop")
    ACTIONS: ClassVar[tuple[str, ...]] = ("next", "help")
