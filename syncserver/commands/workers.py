"""`server run --processes N`: several processes behind one port, on one database; one that dies is started again."""

import asyncio
import ctypes
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from starlette.applications import Starlette
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors.multiprocess import Multiprocess

from shared.errors import TallystickError
from syncserver.api.app import make_app
from syncserver.api.rest.limits import Limits
from syncserver.commands.serving import bounds_of, configuration, listen, make_process_ready, url_of
from syncserver.composition import open_services
from syncserver.console.routes import ROUTES as CONSOLE
from syncserver.maintenance.rounds import run_rounds
from syncserver.settings import ServerSettings

_APP = "syncserver.commands.workers:worker"
_PR_SET_PDEATHSIG = 1  # prctl(2)


class WorkerError(TallystickError):
    """A process of the server could not start; its log says why."""

    code = "WORKER"


def serve_in_processes(host: str, port: int, processes: int) -> None:
    """Serve until SIGTERM or SIGINT, then let each process finish what it is at.

    Raises:
        ListenError: the address can't be had.
        WorkerError: a process can't start.
    """
    make_process_ready()
    settings = ServerSettings()
    Limits(settings.limits_url)  # that its address is none is said here, once
    with listen(host, port) as listener, asyncio.Runner() as runner:
        stack = AsyncExitStack()
        # Whatever is wrong with the home or the database is said here, once; and the database stays while a process is
        # started again.
        runner.run(stack.enter_async_context(open_services(settings, serving=True)))
        try:
            supervisor = Multiprocess(
                configuration(_APP, settings, factory=True, workers=processes, lifespan="on"), sockets=[listener]
            )
            print(f"listening on {url_of(host, listener.getsockname()[1])}", flush=True)
            supervisor.run()
        finally:
            runner.run(stack.aclose())
    if any(process.exitcode == STARTUP_FAILURE for process in supervisor.processes):
        raise WorkerError


def worker() -> Starlette:
    """The application of one of the processes."""
    make_process_ready()
    # Nobody would start it again, or stop it, once its parent was killed.
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    settings = ServerSettings()
    limits = Limits(settings.limits_url)

    @asynccontextmanager
    async def opened(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings, serving=True) as services:
            app.state.services = services
            rounds = asyncio.create_task(run_rounds(services))
            try:
                yield
            finally:
                rounds.cancel()
                await asyncio.gather(rounds, return_exceptions=True)
                await limits.close()

    return make_app(lifespan=opened, bounds=bounds_of(settings), limits=limits, pages=CONSOLE)
