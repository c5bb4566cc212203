"""The facts of a sale, read in one transaction: first those that need no code, then all of them."""

from dataclasses import dataclass

from msgspec.structs import replace

from shared.codes import same
from shared.rules.decision import (
    MS_PER_DAY,
    MS_PER_HOUR,
    MS_PER_SECOND,
    Blocked,
    CodeStanding,
    PaymentFacts,
    Sighting,
    TillFacts,
)
from shared.vouchers import Voucher
from terminal.book.lookup import CodeBook
from terminal.clock import Moment
from terminal.journal.device import Device, read_device
from terminal.till.book_view import BookView, read_book
from terminal.till.parts import Parts
from terminal.till.server_time import server_now
from terminal.till.tender import Match


@dataclass(frozen=True, slots=True)
class Scene:
    """This till and its book at one moment; `when` is the server's time (ms) as well as this till can know it."""

    device: Device
    book: BookView
    moment: Moment
    when: int


def read_scene(parts: Parts, moment: Moment) -> Scene:
    """The till as it stands now.

    Raises:
        NotEnrolledError: where it is nobody's yet.
    """
    device, book = read_device(parts.store), read_book(parts.store)
    tolerance = book.policy.clock_tolerance_s * MS_PER_SECOND
    return Scene(device, book, moment, server_now(parts, moment, tolerance))


def facts_without_code(parts: Parts, scene: Scene, amount: int, currency: str, voucher: Voucher | None) -> PaymentFacts:
    """What can be known before a code is tried: of the till, and of the voucher that lies on the counter.

    Nothing here depends on a typed wallet, so that a refusal tells nobody whether it exists.
    """
    exposure = parts.payments.exposure()
    facts = PaymentFacts(
        amount=amount,
        currency=currency,
        wallet_currency=scene.device.currency,
        vendor_currency=scene.device.currency,
        code=CodeStanding.GOOD,
        cap=amount,
        when=scene.when,
        place=scene.device.place,
        at=scene.moment.at,
        previous_at=parts.journal.last_at(scene.device),
        till=TillFacts(
            unsynced_total=exposure.total, unsynced_count=exposure.count, stale_book=_is_stale(scene, voucher)
        ),
    )
    if voucher is None:
        return facts
    return replace(
        facts,
        wallet_currency=voucher.currency,
        code=_standing_of_voucher(parts, scene, voucher),
        cap=voucher.cap,
        home=voucher.home,
    )


def facts_with_code(
    parts: Parts, scene: Scene, early: PaymentFacts, *, wallet: str, match: Match, voucher: Voucher | None
) -> PaymentFacts:
    """All that decides, once the code is known to be right."""
    rate_ms = scene.book.policy.rate_seconds * MS_PER_SECOND
    day = scene.when - scene.when % MS_PER_DAY
    times = parts.payments.times_between(wallet, scene.when - rate_ms, scene.when + rate_ms)
    till = early.till or TillFacts()
    facts = replace(
        early,
        spent=_is_spent(parts, match),
        day_total=parts.payments.total_between(wallet, day, day + MS_PER_DAY),
        others=[Sighting(time, scene.device.place) for time in times],
        blocked=Blocked.KNOWN if CodeBook(parts.store).is_blocked(wallet) else Blocked.NO,
        till=replace(till, streak=parts.payments.streak(wallet)),
    )
    return facts if voucher is not None else _with_book_code(parts, scene, facts, wallet, match)


def _with_book_code(parts: Parts, scene: Scene, facts: PaymentFacts, wallet: str, match: Match) -> PaymentFacts:
    series = CodeBook(parts.store).series(match.series)
    # Another process may have pulled a book while the code was tried.
    gone = (
        series is None
        or series.wallet != wallet
        or match.index >= len(series.verifiers)
        or not same(series.verifiers[match.index], match.verifier)
        or CodeBook(parts.store).is_closed(match.series)
    )
    if series is None or gone:
        return replace(facts, code=CodeStanding.WITHDRAWN)
    good = scene.when <= series.expires_at
    return replace(facts, code=CodeStanding.GOOD if good else CodeStanding.INVALID, cap=series.caps[match.index])


def _standing_of_voucher(parts: Parts, scene: Scene, voucher: Voucher) -> CodeStanding:
    if CodeBook(parts.store).is_closed(voucher.series):
        return CodeStanding.WITHDRAWN
    tolerance = scene.book.policy.clock_tolerance_s * MS_PER_SECOND
    begins, ends = voucher.not_before * MS_PER_SECOND - tolerance, voucher.expires * MS_PER_SECOND
    return CodeStanding.GOOD if begins <= scene.when <= ends else CodeStanding.INVALID


def _is_spent(parts: Parts, match: Match) -> bool:
    in_book = CodeBook(parts.store).series(match.series)
    return parts.payments.by_code(match.series, match.index) is not None or (
        in_book is not None and match.index in in_book.spent
    )


def _is_stale(scene: Scene, voucher: Voucher | None) -> bool:
    book, policy = scene.book, scene.book.policy
    if book.issued_at is None or book.expires_at is None:
        return True
    age = scene.when - book.issued_at
    if voucher is not None:
        return age > policy.voucher_hours * MS_PER_HOUR
    return age > policy.book_hours * MS_PER_HOUR or scene.when > book.expires_at
