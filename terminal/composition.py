"""The one place where a terminal's clock, randomness, keys, store and transport meet."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared.errors import TallystickError
from shared.money import Money
from terminal.clock import Clock, Random, SystemClock
from terminal.errors import InputError, VaultDamagedError
from terminal.journal import trust
from terminal.journal.chain import Journal
from terminal.journal.device import Device, read_device
from terminal.journal.payments import PaymentRow, Payments
from terminal.journal.shifts import Shifts
from terminal.journal.trust import write_trust
from terminal.store import database, vault
from terminal.store.database import Store
from terminal.store.files import locked, make_folder
from terminal.store.forgetting import begin_forgetting, finish_forgetting, remove_forgotten
from terminal.store.unlock import ask_person, find_or_make_secret, find_secret
from terminal.store.vault import Secret, Vault
from terminal.texts import marked
from terminal.till.parts import Parts
from terminal.till.people import Approval, check_text
from terminal.till.till import Till

if TYPE_CHECKING:  # httpx is slow to import, and a sale needs no network
    import httpx

    from terminal.sync import Refunded, Synchroniser

SecretOf = Callable[[Path], Secret]


@dataclass(slots=True)
class Terminal:
    """An unlocked terminal. `transport` None is the real network; close it when done."""

    home: Path
    clock: Clock
    random: Random
    transport: "httpx.BaseTransport | None"
    vault: Vault
    store: Store
    journal: Journal = field(init=False)
    payments: Payments = field(init=False)
    till: Till = field(init=False)

    def __post_init__(self) -> None:
        self.journal = Journal(self.store, self.vault.device_key)
        self.payments = Payments(self.store)
        self.till = Till.of(Parts(self.store, self.journal, self.payments, Shifts(self.store), self.clock, self.random))

    @classmethod
    @contextmanager
    def open(
        cls,
        home: Path,
        *,
        clock: Clock | None = None,
        random: Random = os.urandom,
        transport: "httpx.BaseTransport | None" = None,
        secret: SecretOf | None = None,
    ) -> Iterator["Terminal"]:
        """Unlock the terminal that lives in a folder.

        Raises:
            NotEnrolledError: where none lives there.
            UnlockError, StoreError: where it can't be unlocked or its store can't be used.
        """
        finish_forgetting(home, trust.FILE_NAME)
        path = home / vault.FILE_NAME
        if not path.exists() and (home / database.FILE_NAME).exists():
            raise VaultDamagedError
        found = (secret or _secret_for_open)(home) if path.exists() else Secret(b"")
        with cls._with(home, Vault.open(path, found, random), clock, random, transport) as terminal:
            yield terminal

    @classmethod
    @contextmanager
    def prepare(
        cls,
        home: Path,
        *,
        clock: Clock | None = None,
        random: Random = os.urandom,
        transport: "httpx.BaseTransport | None" = None,
        secret: SecretOf | None = None,
        made: Callable[[Path], None] | None = None,
    ) -> Iterator["Terminal"]:
        """The terminal of a folder, made where there is none, for its enrolment.

        `made` hears of the file where a new unlock secret was put, for want of a person who has one.
        """
        make_folder(home)
        finish_forgetting(home, trust.FILE_NAME)
        path = home / vault.FILE_NAME
        if path.exists():
            unlocked = Vault.open(path, (secret or _secret_for_open)(home), random)
        elif (home / database.FILE_NAME).exists():
            raise VaultDamagedError  # a new vault could never read the old journal
        else:
            new = secret(home) if secret else find_or_make_secret(home, random, ask=ask_person(), made=made)
            unlocked = Vault.create(path, new, random)
        with cls._with(home, unlocked, clock, random, transport) as terminal:
            yield terminal

    @classmethod
    @contextmanager
    def _with(
        cls,
        home: Path,
        unlocked: Vault,
        clock: Clock | None,
        random: Random,
        transport: "httpx.BaseTransport | None",
    ) -> Iterator["Terminal"]:
        store = Store.open(home / database.FILE_NAME, unlocked.database_key)
        try:
            yield cls(home, clock or SystemClock(), random, transport, unlocked, store)
        finally:
            store.close()

    @contextmanager
    def beside(self) -> Iterator["Terminal"]:
        """The same terminal over a connection of its own to the store, for another thread."""
        with self._with(self.home, self.vault, self.clock, self.random, self.transport) as terminal:
            yield terminal

    def enrol(
        self, token: str, server_url: str, *, name: str, allow_http: bool = False, even_unsynced: bool = False
    ) -> Device:
        """Enrol with a one-time token, and publish what this terminal trusts; see `terminal.sync.enrol`."""
        import platform  # noqa: PLC0415 - only an enrolment asks what machine this is

        from terminal.sync import enrol  # noqa: PLC0415 - with httpx, which a sale does without

        device = enrol(
            token,
            server_url,
            name=name,
            model=f"{platform.system()} {platform.machine()}",
            store=self.store,
            keys=self.vault,
            clock=self.clock,
            transport=self.transport,
            allow_http=allow_http,
            even_unsynced=even_unsynced,
        )
        self.publish_trust()
        return device

    def synchroniser(self) -> "Synchroniser":
        """What pushes and pulls; the caller closes it."""
        from terminal.sync import Synchroniser  # noqa: PLC0415 - with httpx, which a sale does without

        return Synchroniser(
            home=self.home,
            store=self.store,
            key_of=self.vault.device_key,
            clock=self.clock,
            random=self.random,
            transport=self.transport,
        )

    def settle_now(self, payment: bytes, seconds: float) -> PaymentRow | None:
        """Upload what waits while a customer does; how a payment stands then, None where that is not known.

        The payment is in the journal already, and stays there: whatever goes wrong here, it was taken offline, and the
        next sync sends the same record.
        """
        try:
            with self.synchroniser() as synchroniser:
                synchroniser.settle_now(seconds)
            return self.payments.get(payment)
        except (Exception, KeyboardInterrupt):  # noqa: BLE001 - a sale that is durable must be told as one
            return None

    def refund(self, payment: bytes, amount: Money | None, approval: Approval, reason: str) -> "Refunded":
        """Give a settled payment back, whole or in part: by a supervisor's word, and with a connection alone.

        Args:
            payment: its id.
            amount: how much of it; None for all that is left of it.
            approval: the supervisor, and the PIN.
            reason: why, in a few words.

        Raises:
            NoSuchPaymentError, RefundRefusedError, RefundWaitsError: nothing was asked, or the server does not.
            ApproverError: no supervisor stands behind it.
            ServerUnreachableError: without a connection there is no refund. After a lost answer the same refund can be
                asked for again: it is made once.
        """
        from terminal.sync import Refunds  # noqa: PLC0415 - with httpx, which a sale does without

        why = check_text(reason, marked("the reason"))
        wanted = Refunds(self.store, self.clock, self.random).check(payment, amount)
        approver = self.till.approvals.approve(approval)
        with self.synchroniser() as synchroniser:
            return synchroniser.refund(payment, wanted, approver=approver, reason=why)

    def refund_again(self, payment: bytes) -> "Refunded":
        """Ask again for a refund that the server did not answer: as it was approved then, and made once.

        Raises:
            RefundRefusedError: none waits for an answer, or the server did not make it.
            ServerUnreachableError: there is no answer now either; it waits as before.
        """
        with self.synchroniser() as synchroniser:
            return synchroniser.refund_again(payment)

    def reset(self, name: str) -> None:
        """Forget this terminal: its vault, its journal and all copies of it, so that the folder can be enrolled anew.

        Its unlock secret stays, and what was exported. Afterwards nothing can be done with this object. Other
        connections to the store (a sync in the background) have to be closed before.

        Args:
            name: this terminal's name, as whoever wants it has to say.

        Raises:
            InputError: where that is not its name.
            PendingError: where anything would be lost; the message says what. Nothing was forgotten.
            StoreBusyError: where another process uses the terminal.
            NotEnrolledError: where it is nobody's.
        """
        device = read_device(self.store)
        if name != device.name:
            raise InputError("this terminal is called {own!r}, not {name!r}", own=device.name, name=name)
        self.till.pending().refuse()
        with locked(database.lock_of(self.store.path)):
            self.store.require_alone()
            try:
                self.till.pending().refuse()  # nobody can sell beside us any more
            except TallystickError:
                self.store.share_again()
                raise
            self.store.close()
            begin_forgetting(self.home)
            remove_forgotten(self.home, trust.FILE_NAME)

    def publish_trust(self) -> None:
        """Write trust.json anew: a book may have brought another server key."""
        write_trust(self.store, self.home)


def _secret_for_open(home: Path) -> Secret:
    return find_secret(home, ask=ask_person())
