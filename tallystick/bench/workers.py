"""Processes of their own that settle backlogs, as several server processes on one database do."""

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import structlog
import uvloop

from shared.messages.batch import decode_batch
from syncserver.commands.serving import tune_interpreter
from syncserver.composition import open_services
from syncserver.services import Services
from syncserver.settings import ServerSettings
from syncserver.sync import intake
from tallystick.bench.errors import BenchError
from tallystick.bench.world import Backlog

_READY, _END = "ready", None


@contextmanager
def settling_workers(home: Path, count: int, at_once: int) -> Iterator[list[Connection]]:
    """So many processes, each with services on that home that settle `at_once` batches at once; one pipe to each."""
    context = multiprocessing.get_context("spawn")
    with ExitStack() as stack:
        pipes: list[Connection] = []
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_work, args=(theirs, home, at_once), daemon=True)
            process.start()
            stack.callback(process.join)
            stack.callback(ours.send, _END)
            theirs.close()
            pipes.append(ours)
        for pipe in pipes:
            if pipe.recv() != _READY:
                raise BenchError("a worker did not start")
        yield pipes


def settle_in_workers(pipes: Sequence[Connection], shares: Sequence[Sequence[Backlog]]) -> float:
    """Let each process settle its share, all at once; the seconds from the first one's begin to the last one's end."""
    for pipe, share in zip(pipes, shares, strict=True):
        pipe.send(list(share))
    for pipe in pipes:
        if pipe.recv() != _READY:
            raise BenchError("a worker did not take its share")
    for pipe in pipes:
        pipe.send(_READY)
    spans: list[tuple[float, float]] = [pipe.recv() for pipe in pipes]
    return max(end for _, end in spans) - min(begin for begin, _ in spans)


def _work(pipe: Connection, home: Path, at_once: int) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    tune_interpreter()
    uvloop.run(_serve(pipe, ServerSettings(home=home, settle_at_once=at_once)))


async def _serve(pipe: Connection, settings: ServerSettings) -> None:
    async with open_services(settings) as services:
        pipe.send(_READY)
        while (share := await asyncio.to_thread(pipe.recv)) is not _END:
            pipe.send(_READY)
            await asyncio.to_thread(pipe.recv)
            # CLOCK_MONOTONIC is one clock for all processes of a machine.
            begin = time.monotonic()
            await asyncio.gather(*(settle(services, backlog) for backlog in share))
            pipe.send((begin, time.monotonic()))


async def settle(services: Services, backlog: Backlog) -> None:
    """Settle a till's batches one after another, from their bytes to their receipts."""
    for body in backlog.bodies:
        batch = await asyncio.to_thread(decode_batch, body)
        await intake.ingest(services, backlog.device, batch)
