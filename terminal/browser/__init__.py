"""The till in a browser: a page, and for each tab a program of its own that it shows."""

from terminal.browser.address import Address, is_own_machine

__all__ = ["Address", "is_own_machine"]
