"""Admins who move the money of the hot wallets meanwhile: paying in, issuing and reviewing take the same locks."""

import random
from collections.abc import Awaitable, Callable

from shared.errors import TallystickError
from syncserver.database.errors import AWAY
from syncserver.payments import views
from syncserver.payments.review import review
from syncserver.services import Services
from syncserver.wallets import accounts, issuing, releasing
from tests.syncserver.pressure.crowd import Crowd
from tests.syncserver.pressure.purse import Purse

_RECEIPTS_BETWEEN = (2, 12)


class Admin:
    """Does one thing after another, each after a few more batches were answered, until the run closes."""

    def __init__(self, services: Services, crowd: Crowd, purse: Purse, draw: random.Random) -> None:
        self._services = services
        self._crowd = crowd
        self._purse = purse
        self._draw = draw

    async def work(self) -> None:
        """What fails because the database is away, or because it may not be, is only counted."""
        kinds: tuple[Callable[[], Awaitable[object]], ...] = (self._fund, self._move, self._issue, self._review)
        while await self._crowd.tally.more(self._draw.randint(*_RECEIPTS_BETWEEN)):
            kind = self._withdraw if self._draw.random() < 0.03 else self._draw.choice((*kinds, self._review))
            name = kind.__name__.removeprefix("_")
            try:
                await kind()
            except (TallystickError, *AWAY) as error:
                name = f"{name}: {type(error).__name__}"
            self._crowd.tally.admin[name] += 1

    def _wallet(self) -> str:
        return self._draw.choice(self._purse.wallets)

    async def _fund(self) -> None:
        await accounts.fund(self._services, self._wallet(), "5.00", "admin")

    async def _move(self) -> None:
        await accounts.move_offline(self._services, self._wallet(), "2.00", "admin", back=self._draw.random() < 0.3)

    async def _issue(self) -> None:
        await issuing.issue(self._services, self._wallet(), count=1, cap=100, actor="admin")

    async def _withdraw(self) -> None:
        series = self._purse.series()
        if series:
            await releasing.withdraw(self._services, self._draw.choice(series))

    async def _review(self) -> None:
        if not self._crowd.flagged:
            return
        wallet, payment = self._crowd.flagged.pop(self._draw.randrange(len(self._crowd.flagged)))
        view = await views.find(self._services, payment, wallet)
        approve = self._draw.random() < 0.5
        await review(self._services, view, approve=approve, reason="looked at it", actor="admin")
