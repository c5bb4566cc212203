"""Wallets in the groups that one statement may lock: on one machine all of them are one group.

Where tables are distributed over machines, row locks over several shards in one statement are refused; then
`shard_of` is the only thing that changes, and statements that lock or update wallets already run a group at a time.
"""

from collections.abc import Iterable


def shard_of(_wallet: str) -> int:
    """The shard that a wallet's rows are on; a constant on plain PostgreSQL."""
    return 0


def groups(wallets: Iterable[str]) -> list[list[str]]:
    """The wallets, each once, sorted by shard and number, in one list a shard: the one order of all locks."""
    by_shard: dict[int, list[str]] = {}
    for wallet in sorted(set(wallets)):
        by_shard.setdefault(shard_of(wallet), []).append(wallet)
    return [group for _, group in sorted(by_shard.items())]
