"""The rounds of a running server: fold credits, expire and release codes, note, relay, seal, forget what is over.

Every process makes them; each step takes its own locks and skips what another process is at.
"""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from syncserver.audit.sealing import seal_entries
from syncserver.ledger.payables import fold_credits
from syncserver.maintenance.outbox import relay
from syncserver.people.sessions import forget_sessions
from syncserver.people.web_sessions import forget_web_sessions
from syncserver.people.wrong_tries import note_locks
from syncserver.registry.devices import forget_assertions
from syncserver.services import Services
from syncserver.sync.numbering import number_changes
from syncserver.wallets.releasing import expire, release

ROUND_SECONDS = 2.0
log = structlog.get_logger()


async def one_round(services: Services) -> None:
    """Do each step until it finds nothing more; one that fails does not stop the others."""
    steps = (
        _fold,
        note_locks,
        relay,
        seal_entries,
        expire,
        release,
        _number,
        forget_assertions,
        forget_sessions,
        forget_web_sessions,
    )
    for step in steps:
        await _guarded(services, step)


async def _guarded(services: Services, step: Callable[[Services], Awaitable[int | None]]) -> None:
    try:
        while await step(services):
            pass
    except Exception as error:  # noqa: BLE001 - whatever it is, the next round tries again
        log.warning("maintenance_step_failed", step=step.__name__, error=repr(error))


async def _fold(services: Services) -> int:
    async with services.pool.acquire() as connection:
        return await fold_credits(connection)


async def _number(services: Services) -> None:
    async with services.pool.acquire() as connection:
        await number_changes(connection)


async def _read_keys(services: Services) -> None:
    async with services.pool.acquire() as connection:
        await services.keys.read_again(connection)


async def run_rounds(services: Services) -> None:
    """Make rounds until cancelled. What there is to do in one never keeps this process from learning of new keys."""
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_for_ever(one_round, services))
        tasks.create_task(_for_ever(partial(_guarded, step=_read_keys), services))


async def _for_ever(work: Callable[[Services], Awaitable[None]], services: Services) -> None:
    while True:
        await work(services)
        await asyncio.sleep(ROUND_SECONDS)
