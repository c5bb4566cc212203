"""Telling a scanner's burst from a person's keys. Pure: whoever reads keys hands in when each was pressed.

A scanner types like a keyboard, but no finger does it at its pace. What it types is one scan, wherever the focus is,
and the Enter behind it confirms nothing. A person's keys go where they belong at once, so that nobody waits; when they
turn out to be a burst, what it has typed so far is taken back by whoever asked (`Verdict.UNDO`).
"""

from dataclasses import dataclass, field
from enum import Enum

# USB scanners type a key every 1 to 20 ms, a practised hand one every 60 to 100.
GAP_MS = 35.0
# A trailing Enter may come a little later than the letters did.
ENTER_GAP_MS = 60.0
# Two fingers can hit two or three keys at once, not five in a row.
LEAST = 5


class Verdict(Enum):
    """What to do with a key."""

    FIRST = "first"  # give it to whoever has the focus, and note how that one looks: a burst may begin here
    PASS = "pass"  # noqa: S105 - a word: give it to whoever has the focus
    UNDO = "undo"  # a burst it is: take back what it typed so far, and give this key to nobody
    TAKE = "take"  # it belongs to the burst: give it to nobody
    END = "end"  # the Enter behind a burst: `scan` has the text


@dataclass(slots=True)
class Bursts:
    """The keys of the moment."""

    _run: list[str] = field(default_factory=list)
    _last: float = float("-inf")
    _scanning: bool = False

    def key(self, character: str | None, at: float, *, edits: bool) -> Verdict:
        """A key was pressed.

        Args:
            character: what it types; None for Enter and whatever types nothing.
            at: when (ms, by any clock that only goes forward).
            edits: whether all it does is edit a text. What acts is never let through right behind a letter.
        """
        gap, self._last = at - self._last, at
        if character is None:
            if self._scanning:
                return Verdict.END
            return Verdict.TAKE if self._run and gap <= ENTER_GAP_MS else Verdict.PASS
        if gap > GAP_MS:
            self._run, self._scanning = [character], False
            return Verdict.FIRST
        self._run.append(character)
        if self._scanning:
            return Verdict.TAKE
        # A key that is held down repeats as fast as a scanner types, but it is one key.
        if len(self._run) >= LEAST and len(set(self._run)) > 1:
            self._scanning = True
            return Verdict.UNDO
        return Verdict.PASS if edits else Verdict.TAKE

    @property
    def scanning(self) -> bool:
        """Whether a burst is under way."""
        return self._scanning

    def quiet(self, at: float) -> bool:
        """Whether a burst has ended by itself, without an Enter."""
        return self._scanning and at - self._last > GAP_MS

    def scan(self) -> str:
        """What was scanned; the burst is over."""
        text = "".join(self._run)
        self._run, self._scanning = [], False
        return text
