"""Whose pages are open and told of changes, in this process: so many a session, a person, and in all.

A new one is let in while it is the newest of its session and its person, and the oldest of those ends for it: so many
tabs of one admin, or a thief with one session, take nothing from the others.
"""

import asyncio
from dataclasses import dataclass, field

from shared.words import Word
from syncserver.people.access import Caller

MOST_OF_SESSION = 3
MOST_OF_PERSON = 6
MOST = 64


class Why(Word):
    """Why a stream ends before its time."""

    ANOTHER = "another"  # newer pages of the same session or person
    STOPPING = "stopping"  # the server goes


@dataclass(slots=True, eq=False)
class Stream:
    """One open page; `ended` is set once `why` says why it has to end."""

    caller: Caller
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    why: Why | None = None

    def end(self, why: Why) -> None:
        """Have it end."""
        if self.why is None:
            self.why = why
            self.ended.set()


@dataclass(slots=True)
class Streams:
    """The streams of a process, the oldest first."""

    _open: list[Stream] = field(default_factory=list)

    def open(self, caller: Caller) -> Stream | None:
        """Let a page in, for which an older one may have to end; None where there are too many of other people."""
        of_person = [one for one in self._open if one.caller.user_id == caller.user_id]
        of_session = [one for one in of_person if one.caller.session == caller.session]
        if len(of_session) >= MOST_OF_SESSION:
            self._put_out(of_session[0])
        elif len(of_person) >= MOST_OF_PERSON:
            self._put_out(of_person[0])
        elif len(self._open) >= MOST:
            return None
        stream = Stream(caller)
        self._open.append(stream)
        return stream

    def _put_out(self, stream: Stream) -> None:
        stream.end(Why.ANOTHER)
        self.close(stream)

    def close(self, stream: Stream) -> None:
        """It has ended, or is about to: its place is free."""
        if stream in self._open:
            self._open.remove(stream)
