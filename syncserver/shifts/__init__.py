"""Shifts held against what their tills signed, by people: what differs, who decided what, a day at a time."""
