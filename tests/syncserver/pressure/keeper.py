"""Keeps a server running as a service manager does: whenever it is gone, it is started again."""

import asyncio
import signal

from tests.syncserver.pressure.crowd import Doors
from tests.syncserver.pressure.tally import Tally
from tests.syncserver.processes import RunningServer, Site

# Starts in a row that fail by themselves: a database that is just being killed excuses some, not any number.
_STARTS = 5


class Keeper:
    """Looks after the server behind one door, of which `server` runs already. `listens` until it is gone."""

    def __init__(self, site: Site, doors: Doors, tally: Tally, number: int, server: RunningServer) -> None:
        self.listens = True
        self._site = site
        self._doors = doors
        self._tally = tally
        self._process = server.process
        self._struck = False
        self._leaving = False
        self._number = number

    async def work(self) -> int:
        """Start it again and again until it is told to leave; its last exit code."""
        while True:
            code = await self._end()
            if self._leaving:
                return code
            await self._start()

    def is_alive(self) -> bool:
        """Whether there is a process, listening or on its way."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End it without any chance to finish anything."""
        self._struck = True
        self._process.kill()

    def leave(self) -> None:
        """End it in order, for good."""
        self._leaving = True
        self._process.send_signal(signal.SIGTERM)

    async def _end(self) -> int:
        code = await asyncio.to_thread(self._process.wait)
        self.listens = False
        assert self._process.stdout is not None
        self._process.stdout.close()
        return code

    async def _start(self) -> None:
        failed = 0
        while failed < _STARTS:
            self._struck = False
            self._process = await asyncio.to_thread(self._site.launch)
            assert self._process.stdout is not None
            line = await asyncio.to_thread(self._process.stdout.readline)
            if line:
                server = RunningServer(self._process, line.removeprefix("listening on ").strip())
                self._doors.lead_to(self._number, server)
                self.listens = True
                return
            await self._end()
            if not self._struck:
                failed += 1
                self._tally.failed_starts += 1
        raise AssertionError(f"a server failed to start {failed} times")
