"""One sync: push, then pull. Each can fail without the other, and each leaves a word for people to see."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from shared.errors import TallystickError
from shared.keys import SigningKey
from shared.money import Money
from terminal.clock import Clock, Random
from terminal.journal.device import Device, read_device
from terminal.kept_errors import keep
from terminal.store.database import Store
from terminal.sync.batches import Batches
from terminal.sync.client import DeviceClient, DeviceIdentity
from terminal.sync.errors import ServerTooSlowError
from terminal.sync.exchange import Exchange
from terminal.sync.hurry import HurriedExchange
from terminal.sync.pull import Pull, PullProgress
from terminal.sync.push import Push, PushProgress
from terminal.sync.queries import SQL
from terminal.sync.receipts import Receipts
from terminal.sync.refunds import Refunded, Refunds
from terminal.sync.running import only_one_sync

KeyOf = Callable[[int], SigningKey]
# After a server that was too slow for one customer the next ones are not made to wait for it.
SLOW_PAUSE_MS = 30_000


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncReport:
    """What one sync did. An error beside progress means that it got that far; the next sync goes on from there."""

    push: PushProgress
    push_error: TallystickError | None
    pull: PullProgress
    pull_error: TallystickError | None

    @property
    def errors(self) -> tuple[TallystickError, ...]:
        """What went wrong, if anything did."""
        return tuple(error for error in (self.push_error, self.pull_error) if error is not None)


class Synchroniser:
    """Syncs of one terminal, over one connection and one access token while they are good.

    Args:
        home: the terminal's folder, for the lock between processes.
        store: its store.
        key_of: the signing key of an epoch.
        clock: its clocks.
        random: its randomness.
        transport: how requests travel; None is the real network.
    """

    def __init__(
        self,
        *,
        home: Path,
        store: Store,
        key_of: KeyOf,
        clock: Clock,
        random: Random,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._home = home
        self._store = store
        self._key_of = key_of
        self._clock = clock
        self.random = random
        self._transport = transport
        self._client: DeviceClient | None = None
        self._client_of: tuple[str, bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the connection and forget the access token."""
        if self._client is not None:
            self._client.exchange.close()
        self._client = None

    def sync_once(self) -> SyncReport:
        """Push, then pull.

        Raises:
            NotEnrolledError: where there is nobody to sync as.
            SyncRunningError: where another process syncs this terminal now.
            StoreError: where the store can't even note how it went.
        """
        with only_one_sync(self._home):
            device = read_device(self._store)
            client = self._client_for(device)
            push = Push(
                client,
                Batches(self._store, self._clock, self.random),
                Receipts(self._store, device.device, self._clock),
            )
            push_error = self._try("push", push.run)
            pull = Pull(client, self._store, device.device, self._clock)
            pull_error = self._try("pull", pull.run)
            self._store.fold()  # here nobody waits for it; else a sale would have to
            return SyncReport(push=push.progress, push_error=push_error, pull=pull.progress, pull_error=pull_error)

    def settle_now(self, seconds: float) -> TallystickError | None:
        """Push while a customer waits: within so many seconds in all; what went wrong, if anything did.

        Whatever that is, records and batches are as durable as before, and the next sync goes on with the same ones.

        Raises:
            NotEnrolledError, SyncRunningError, StoreError: as `sync_once`.
            ServerTooSlowError: it was, a moment ago, and was not asked again.
        """
        slow_since = self._store.value(SQL["slow_since"])
        if slow_since is not None and 0 <= self._clock.now() - slow_since < SLOW_PAUSE_MS:
            raise ServerTooSlowError
        with only_one_sync(self._home):
            device = read_device(self._store)
            with HurriedExchange(device.server_url, self._clock, self._transport, seconds=seconds) as exchange:
                client = DeviceClient(exchange, self._identity(device), self._clock, self.random)
                push = Push(
                    client,
                    Batches(self._store, self._clock, self.random),
                    Receipts(self._store, device.device, self._clock),
                )
                return self._try("push", push.run)

    def pull_once(self) -> SyncReport:
        """Pull alone: for a terminal that was just enrolled, or a person who asks for it.

        Raises:
            NotEnrolledError, SyncRunningError, StoreError: as `sync_once`.
        """
        with only_one_sync(self._home):
            device = read_device(self._store)
            pull = Pull(self._client_for(device), self._store, device.device, self._clock)
            error = self._try("pull", pull.run)
            return SyncReport(push=PushProgress(), push_error=None, pull=pull.progress, pull_error=error)

    def refund(self, payment: bytes, amount: Money | None, *, approver: str, reason: str) -> Refunded:
        """Ask the server for a refund, beside any sync; see `Refunds.ask`."""
        client = self._client_for(read_device(self._store))
        return Refunds(self._store, self._clock, self.random).ask(client, payment, amount, approver, reason)

    def refund_again(self, payment: bytes) -> Refunded:
        """Ask again for a refund that was not answered; see `Refunds.ask_again`."""
        client = self._client_for(read_device(self._store))
        return Refunds(self._store, self._clock, self.random).ask_again(client, payment)

    def _try(self, what: str, run: Callable[[], None]) -> TallystickError | None:
        tried_at = self._clock.now()
        failure: TallystickError | None = None
        try:
            run()
        except TallystickError as error:
            failure = error
        with self._store.transaction():
            self._store.execute(
                SQL["note_try"],
                {
                    "what": what,
                    "tried_at": tried_at,
                    "succeeded_at": self._clock.now() if failure is None else None,
                    "error": None if failure is None else keep(failure),
                },
            )
        return failure

    def _identity(self, device: Device) -> DeviceIdentity:
        return DeviceIdentity(device.device, device.server_id, self._key_of(device.epoch))

    def _client_for(self, device: Device) -> DeviceClient:
        """The client of this epoch: another process may have enrolled again since the last sync."""
        wanted = (device.server_url, device.public_key)
        if self._client is None or self._client_of != wanted:
            self.close()
            exchange = Exchange(device.server_url, self._clock, self._transport)
            self._client = DeviceClient(exchange, self._identity(device), self._clock, self.random)
            self._client_of = wanted
        self._client.begin()
        return self._client
