"""The till's screens: a thin skin of Textual over `terminal.service` and `terminal.till`."""
