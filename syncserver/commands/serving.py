"""`server run`: uvicorn over open services, until a signal."""

import asyncio
import logging
import signal
import socket
import sys

import structlog
import uvicorn
import uvloop

from shared.errors import TallystickError
from syncserver.api.app import make_app
from syncserver.composition import migrate_database, open_database, open_services
from syncserver.maintenance.rounds import run_rounds
from syncserver.settings import ServerSettings

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 20


class ListenError(TallystickError):
    """The server can't listen on this address."""

    code = "LISTEN"


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    Raises:
        ListenError: the address can't be had.
    """
    _log_to_stderr()
    # uvicorn raises a signal again once it has stopped: these handlers let the rest be closed in order first.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    with _listen(host, port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(listener, host))


async def _serve(listener: socket.socket, host: str) -> None:
    settings = ServerSettings()
    if settings.database_url is None and (settings.home / "postgres").exists():
        async with open_database(settings) as target:
            await migrate_database(target)
    async with open_services(settings) as services:
        config = uvicorn.Config(
            make_app(services),
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        rounds = asyncio.create_task(run_rounds(services))
        print(f"listening on http://{host}:{listener.getsockname()[1]}", flush=True)
        try:
            await uvicorn.Server(config).serve(sockets=[listener])
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise ListenError(f"can't listen on {host}:{port}: {error.strerror}") from error
    listener.setblocking(False)  # noqa: FBT003 - its only spelling
    return listener


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING)
