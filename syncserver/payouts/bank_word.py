"""What a bank's statement says of payouts: what went out was paid, what came back is owed to its vendor again.

Each entry is taken once by whoever imports; here each payout takes one of either kind, and others are left to a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.lifecycles import PayoutState
from syncserver.database.arrays import uuids
from syncserver.database.connection import Connection
from syncserver.payouts.proposing import BY_HAND
from syncserver.payouts.steps import QUERIES, Payout, Steps
from syncserver.wallets.funding.outgoing import Named
from syncserver.wallets.funding.why import Why

_S = PayoutState
# What a bank's word may make a paid one, sooner or later.
_UNPAID = frozenset({_S.PROPOSED, _S.APPROVED, _S.SENT, _S.FAILED})
_TOLD = frozenset({_S.SENT, _S.PAID, _S.FAILED, _S.RETURNED})


@dataclass(slots=True)
class _Answered:
    """The kinds of entries that payouts have: (payout, whether it came back); it runs along."""

    steps: Steps
    entries: set[tuple[bytes, bool]]
    payouts: Mapping[str, Payout] = field(default_factory=dict)

    def answer(self, one: Named) -> bytes | Why | None:
        payout = self.payouts.get(one.end_to_end.upper())
        if payout is None:
            return None
        if (one.account, one.money) != (payout.ours, payout.money):
            return Why.PAYOUT_DIFFERS
        told = payout.state in _TOLD or (payout.state is _S.APPROVED and payout.method == BY_HAND and not one.came_back)
        if not told or (payout.id, one.came_back) in self.entries:
            return Why.PAYOUT_STATE
        if one.came_back:
            self._came_back(payout, one.why)
        else:
            self._went_out(payout)
        self.entries.add((payout.id, one.came_back))
        return payout.id

    def _went_out(self, payout: Payout) -> None:
        # Of what came back before it was seen to go out, and of what a person wrote down, nothing moves any more.
        came_back = (payout.id, True) in self.entries
        if payout.state is _S.APPROVED:  # by hand, and nobody has said so yet
            self.steps.take(payout, _S.SENT)
        if payout.state is _S.SENT or (payout.state is _S.FAILED and not came_back):
            self.steps.take(payout, _S.PAID)

    def _came_back(self, payout: Payout, why: str) -> None:
        if payout.state in (_S.SENT, _S.PAID):
            self.steps.take(payout, _S.RETURNED, why or None)


class BankWord:
    """Matches entries with payouts by the end-to-end id, the amount and the account that paid."""

    async def may_be_paid(self, connection: Connection, named: Sequence[Named]) -> Sequence[bool]:
        """Whether each entry of money that went out may still make a payout a paid one; as the port has it."""
        rows = await connection.fetch(QUERIES["read_payouts_named"], sorted({one.end_to_end.upper() for one in named}))
        payouts = {one.end_to_end: one for one in map(Payout.of, rows)}
        return [
            (payout := payouts.get(one.end_to_end.upper())) is not None
            and (one.account, one.money) == (payout.ours, payout.money)
            and payout.state in _UNPAID
            for one in named
        ]

    async def settle(
        self, connection: Connection, named: Sequence[Named], *, actor: str, at: int
    ) -> Sequence[bytes | Why | None]:
        """Take in what a bank says of payouts; as the port has it."""
        names = sorted({one.end_to_end.upper() for one in named})
        payouts = [Payout.of(row) for row in await connection.fetch(QUERIES["lock_payouts_named"], names)]
        if not payouts:
            return [None] * len(named)
        rows = await connection.fetch(QUERIES["entries_of_payouts"], uuids(one.id for one in payouts))
        steps = await Steps.of(connection, {one.vendor for one in payouts}, actor=actor, at=at)
        answered = _Answered(
            steps,
            {(row["payout"].bytes, row["credit"]) for row in rows},
            {one.end_to_end: one for one in payouts},
        )
        answers = [answered.answer(one) for one in named]
        await steps.write(connection)
        return answers
