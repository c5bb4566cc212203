"""Everything that an endpoint may answer other than success."""

from typing import NamedTuple

from shared.errors import DecodingError, TallystickError, TokenError
from syncserver.api.body import SlowBodyError, TooLargeError, WrongTypeError
from syncserver.api.failures import INCOMPLETE, INTERNAL, UNAVAILABLE, Plain, status_of_kind
from syncserver.api.rest.endpoint import Endpoint
from syncserver.api.rest.limits import BUCKETS
from syncserver.database.errors import BusyError
from syncserver.people.errors import ForbiddenError, KeyRequiredError, KeyReusedError, NotApprovedError, TooOftenError


class Problem(NamedTuple):
    """What an answer other than success says."""

    status: int
    code: str
    message: str


def problems_of(endpoint: Endpoint) -> list[Problem]:
    """Everything that an endpoint may answer other than success, by status and code."""
    kinds: list[type[TallystickError]] = [BusyError, *endpoint.errors]
    plain: list[Plain] = [INTERNAL, UNAVAILABLE]
    if endpoint.roles is not None:
        kinds += [TokenError, ForbiddenError, NotApprovedError]
    if BUCKETS[endpoint.rate]:
        kinds.append(TooOftenError)
    if endpoint.body is not None or endpoint.takes:
        kinds += [TooLargeError, WrongTypeError, SlowBodyError]
        plain.append(INCOMPLETE)
    # A query may name something twice wherever it is read, and so it is everywhere.
    kinds.append(DecodingError)
    if endpoint.once:
        kinds += [KeyRequiredError, KeyReusedError]
    known = {_problem_of(kind) for kind in kinds} | {Problem(*one) for one in plain}
    return sorted(known)


def _problem_of(kind: type[TallystickError]) -> Problem:
    """What a kind of error answers."""
    return Problem(status_of_kind(kind), kind.code, " ".join((kind.__doc__ or "").split()))
