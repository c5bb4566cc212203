"""`server run`: uvicorn over open services, until a signal."""

import asyncio
import gc
import logging
import resource
import signal
import socket
import sys
from typing import Any

import structlog
import uvicorn
import uvloop
from starlette.applications import Starlette
from structlog.typing import Processor

from shared.errors import TallystickError
from syncserver.api.app import make_app
from syncserver.api.connection import MOST_CONNECTIONS, BoundedConnection
from syncserver.api.rest.limits import Limits
from syncserver.composition import open_services
from syncserver.console.routes import ROUTES as CONSOLE
from syncserver.maintenance.rounds import run_rounds
from syncserver.settings import ServerSettings
from syncserver.sync.bounds import Bounds

KEEP_ALIVE_SECONDS = 30
GRACE_SECONDS = 20
# Files beside connections of terminals: the database's, logs, libraries.
OTHER_FILES = 128
# A thread that judges gives way to the loop this soon. By Python's own 5 ms, whatever a request awaits would cost it
# that long while batches are judged; much less than this costs more than it gives.
SWITCH_SECONDS = 0.0003
# New objects, and collections of the younger generations, after which the collector looks.
COLLECT_AFTER = (50_000, 20, 20)


class ListenError(TallystickError):
    """The server can't listen on this address."""

    code = "LISTEN"


def serve(host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT, then finish what is under way.

    Raises:
        ListenError: the address can't be had.
    """
    make_process_ready()
    settings = ServerSettings()
    app = make_app(pages=CONSOLE, bounds=bounds_of(settings), limits=Limits(settings.limits_url))
    server = uvicorn.Server(configuration(app, settings, lifespan="off"))

    # While it serves, uvicorn handles signals itself; it raises them again once it has stopped. A signal that comes
    # before, while the database starts, is remembered: what has begun is closed in order, and nothing is served.
    def remember(*_: object) -> None:
        server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, remember)
    with listen(host, port) as listener, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(server, app, listener, host, settings))


def make_process_ready() -> None:
    """What every process that serves begins with: its log, its open files, and threads that give way."""
    _log_to_stderr()
    make_room_for_connections()
    tune_interpreter()


def tune_interpreter() -> None:
    """Let threads give way soon, and the cyclic collector look seldom.

    A batch makes tens of thousands of objects, and no circle of them: they go when nobody refers to them. By its own
    settings the collector would look at all of them a hundred times a batch.
    """
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.freeze()
    gc.set_threshold(*COLLECT_AFTER)


def bounds_of(settings: ServerSettings) -> Bounds:
    """What one process with these settings takes in at once."""
    return Bounds.of(pool_size=settings.pool_size, settle_at_once=settings.settle_at_once)


def configuration(app: Starlette | str, settings: ServerSettings, **more: Any) -> uvicorn.Config:
    """How uvicorn serves the application.

    Who asks is who is connected, unless that is a proxy that the settings trust: by itself uvicorn believes whoever
    is on the same machine.
    """
    return uvicorn.Config(
        app,
        http=BoundedConnection,
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **more,
    )


def make_room_for_connections() -> None:
    """Raise the limit of open files, which often stands at 1,024, and take no more connections than it lets through.

    Beyond it nobody could be told anything: the system would just not hand the connection over.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_CONNECTIONS + OTHER_FILES
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        BoundedConnection.most_connections = max(1, soft - OTHER_FILES)


async def _serve(
    server: uvicorn.Server, app: Starlette, listener: socket.socket, host: str, settings: ServerSettings
) -> None:
    async with open_services(settings, serving=True) as services:
        app.state.services = services
        if server.should_exit:
            return
        rounds = asyncio.create_task(run_rounds(services))
        print(f"listening on {url_of(host, listener.getsockname()[1])}", flush=True)
        try:
            await server.serve(sockets=[listener])
        finally:
            rounds.cancel()
            await asyncio.gather(rounds, return_exceptions=True)
            await app.state.limits.close()


def url_of(host: str, port: int) -> str:
    """The address that terminals are given; an IPv6 host stands in brackets (RFC 3986 section 3.2.2)."""
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens.

    Raises:
        ListenError: the address can't be had.
    """
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
    """Every line is one JSON object, whoever has something to say: ours, and the warnings of libraries."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    render = structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    keep_event = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=[keep_event, render]))
    logging.basicConfig(handlers=[handler], level=logging.WARNING)
