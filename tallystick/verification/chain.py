"""Whether the records of a journal are one chain: device, epoch, seqs without gaps, each prev the link before it."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from shared.journal import ChainPosition, genesis_of
from shared.messages.enrolment import Certificate
from tallystick.verification.entries import Entry
from tallystick.verification.report import Problem


def check_chain(entries: Sequence[Entry], certificate: Certificate) -> Iterator[Problem]:
    """The problems of the chain, in the order of its records. A chain may begin after seq 1: see `first_seq`."""
    for entry in entries[:1]:
        if entry.position is not None:
            yield from _check_owner(entry, entry.position, certificate)
            yield from _check_first(entry, entry.position, certificate)
    for before, entry in pairwise(entries):
        if entry.position is not None:
            yield from _check_owner(entry, entry.position, certificate)
            yield from _check_step(before, entry, entry.position)


def first_seq(entries: Sequence[Entry]) -> int:
    """The seq that a journal begins with; 1 where that can't be read, which is a problem of its own."""
    return entries[0].seq or 1 if entries else 1


def _check_owner(entry: Entry, position: ChainPosition, certificate: Certificate) -> Iterator[Problem]:
    if position.device != certificate.device:
        yield entry.problem("another device than the certificate's", "device")
    if position.epoch != certificate.epoch:
        yield entry.problem(f"epoch {position.epoch}, but the certificate is for {certificate.epoch}", "epoch")


def _check_first(entry: Entry, position: ChainPosition, certificate: Certificate) -> Iterator[Problem]:
    genesis = genesis_of(certificate.device, certificate.epoch, certificate.key)
    if position.seq == 1 and position.prev != genesis:
        yield entry.problem("not the genesis of this device, epoch and key", "prev")


def _check_step(before: Entry, entry: Entry, position: ChainPosition) -> Iterator[Problem]:
    if before.position is None:
        return
    expected = before.position.seq + 1
    if position.seq != expected:
        yield entry.problem(f"follows seq {before.position.seq}: {_gap(expected, position.seq)}", "seq")
    elif position.prev != before.link:
        yield entry.problem(f"not the link of the record before it (seq {before.position.seq})", "prev")


def _gap(expected: int, found: int) -> str:
    if found < expected:
        return "it stands there twice, or out of order"
    return f"seq {expected} is missing" if found == expected + 1 else f"seq {expected} to {found - 1} are missing"
