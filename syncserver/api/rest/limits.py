"""How often somebody may call: buckets of calls a minute, for each person, address or login name.

Counted in this process's memory, or for all processes together in a Redis or Valkey. Where that one can't be reached,
each process counts by itself until it can: nobody is turned away for it, and no password may be tried more often than
so many times a minute and process. Terminals draw from none of these buckets (`sync/bounds.py` is theirs).
"""

import asyncio
import hashlib
import math
import time
import unicodedata
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Any

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from limits.errors import StorageError
from pydantic import SecretStr
from starlette.requests import Request

from shared.errors import TallystickError
from shared.ids import uuid_text
from shared.words import Word
from syncserver.api.frame import add_headers
from syncserver.api.rest.window import Window
from syncserver.people.access import Caller
from syncserver.people.errors import TooOftenError
from syncserver.ports import Clock

WINDOW_SECONDS = 60
# As long as a call may wait for the common count, and as long as nobody asks for it again once that was too long.
SHARED_SECONDS = 0.5
PAUSE_MS = 5_000
_CONNECTIONS = 16
_PREFIX = "tallystick"
# Whoever has an IPv6 network has 2^64 addresses of it.
_NETWORK_BITS = 64
_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "redis+unix"}
# The key in a request's scope that has what was drawn for it.
_DRAWN = "tallystick.drawn"
log = structlog.get_logger()


class LimitsUrlError(TallystickError):
    """TALLYSTICK_LIMITS_URL is no address of a Redis or Valkey: redis://, rediss://, valkey://, valkeys:// or unix://."""

    code = "LIMITS_URL"


class Rate(Word):
    """Which buckets a call is drawn from."""

    USER = "user"  # 10 a minute for each person
    LOGIN = "login"  # stricter: for each address and each login name
    CODES = "codes"  # a person's bucket, and a stricter one: whatever shows, makes or guesses codes
    PUBLIC = "public"  # without a token, for each address
    CONSOLE = "console"  # an admin's pages, which load parts of themselves
    LIVE = "live"  # pages that ask to be told of changes: whoever asks too often for that still has the others
    FREE = "free"  # documents that cost nothing


@dataclass(frozen=True, slots=True)
class Bucket:
    """So many calls in any minute."""

    name: str
    calls: int

    @property
    def policy(self) -> str:
        """As `RateLimit-Policy` has it (draft-ietf-httpapi-ratelimit-headers)."""
        return f'"{self.name}";q={self.calls};w={WINDOW_SECONDS}'


USER = Bucket("user", 10)
CONSOLE = Bucket("console", 300)
LIVE = Bucket("live", 60)
CODES = Bucket("codes", 5)
LOGIN_ADDRESS = Bucket("login-address", 5)
LOGIN_NAME = Bucket("login-name", 5)
PUBLIC = Bucket("public", 10)

# What each rate draws from, in this order, for the OpenAPI document; the name is drawn once the body is read.
BUCKETS: dict[Rate, tuple[Bucket, ...]] = {
    Rate.USER: (USER,),
    Rate.CODES: (USER, CODES),
    Rate.LOGIN: (LOGIN_ADDRESS, LOGIN_NAME),
    Rate.PUBLIC: (PUBLIC,),
    Rate.CONSOLE: (CONSOLE,),
    Rate.LIVE: (LIVE,),
    Rate.FREE: (),
}


@dataclass(frozen=True, slots=True)
class Drawn:
    """What drawing from a bucket came to.

    Attributes:
        granted: whether the call may go on.
        remaining: calls that are left now.
        seconds: until there is one more.
    """

    bucket: Bucket
    granted: bool
    remaining: int
    seconds: int

    @property
    def limit(self) -> str:
        """As `RateLimit` has it."""
        return f'"{self.bucket.name}";r={self.remaining};t={self.seconds}'


@dataclass(frozen=True, slots=True)
class _Count:
    """A way of counting, and the clock that it counts by, in seconds."""

    limiter: MovingWindowRateLimiter
    now: Callable[[], float]

    async def draw(self, bucket: Bucket, subject: str) -> Drawn:
        item = RateLimitItemPerMinute(bucket.calls, namespace=bucket.name)
        granted = await self.limiter.hit(item, subject)
        reset, remaining = await self.limiter.get_window_stats(item, subject)
        seconds = min(max(math.ceil(reset - self.now()), 1), WINDOW_SECONDS)
        return Drawn(bucket, granted, max(0, remaining) if granted else 0, seconds)


def monotonic() -> int:
    """Milliseconds of a clock that nobody sets."""
    return time.monotonic_ns() // 1_000_000


class Limits:
    """The buckets of one process, or of all that share a Redis or Valkey.

    Args:
        url: of that; None to count in memory.
        clock: what calls in memory are counted by.

    Raises:
        LimitsUrlError: the address is none.
    """

    def __init__(self, url: SecretStr | None = None, clock: Clock = monotonic) -> None:
        self._clock = clock
        self._own = _Count(MovingWindowRateLimiter(Window(clock)), lambda: clock() / 1_000)
        self._shared: _Count | None = None
        self._end: Callable[[], Awaitable[None]] | None = None
        self._shared_from = clock()
        if url is not None:
            self._shared, self._end = _connect(url.get_secret_value())

    async def draw(self, bucket: Bucket, subject: str) -> Drawn:
        """Draw a call from somebody's bucket."""
        shared = self._shared
        if shared is not None and self._clock() >= self._shared_from:
            try:
                async with asyncio.timeout(SHARED_SECONDS):
                    return await shared.draw(bucket, subject)
            except (StorageError, OSError, TimeoutError) as error:
                self._shared_from = self._clock() + PAUSE_MS
                # The name alone: its text may have the address in it, and so a password.
                log.warning("limits_counted_alone", error=type(error.__cause__ or error).__name__)
        return await self._own.draw(bucket, subject)

    async def close(self) -> None:
        """Leave the Redis or Valkey."""
        if self._end is not None:
            await self._end()


def _connect(url: str) -> tuple[_Count, Callable[[], Awaitable[None]]]:
    from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - only where one is named
    from redis.asyncio.retry import Retry  # noqa: PLC0415
    from redis.backoff import NoBackoff  # noqa: PLC0415

    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _SCHEMES:
        raise LimitsUrlError
    address = f"{_SCHEMES[scheme]}://{rest}"
    try:
        pool = BlockingConnectionPool.from_url(
            address.replace("redis+unix", "unix"),
            max_connections=_CONNECTIONS,
            timeout=SHARED_SECONDS,
            socket_timeout=SHARED_SECONDS,
            socket_connect_timeout=SHARED_SECONDS,
            retry=Retry(NoBackoff(), 0),
        )
        options: dict[str, Any] = {"connection_pool": pool}
        storage = RedisStorage(
            f"async+{address}", wrap_exceptions=True, implementation="redispy", key_prefix=_PREFIX, **options
        )
    except ValueError as error:
        raise LimitsUrlError from error
    client = Redis(connection_pool=pool)

    async def end() -> None:
        await client.aclose()
        await pool.aclose()

    return _Count(MovingWindowRateLimiter(storage), time.time), end


async def draw_for(request: Request, rate: Rate, caller: Caller | None) -> None:
    """Draw what a call costs before its body is read.

    Raises:
        TooOftenError: a bucket is empty.
    """
    address = address_of(request)
    person = uuid_text(caller.user_id) if caller is not None else address
    subjects = {USER: person, CONSOLE: person, LIVE: person, CODES: person, LOGIN_ADDRESS: address, PUBLIC: address}
    if caller is not None:
        subjects[LOGIN_NAME] = person  # whoever tries passwords with somebody's token
    await _draw(request, ((bucket, subjects[bucket]) for bucket in BUCKETS[rate] if bucket in subjects))


async def draw_for_name(request: Request, rate: Rate, caller: Caller | None, body: Any) -> None:
    """Draw what trying to log in costs the name that is tried.

    Raises:
        TooOftenError: its bucket is empty.
    """
    name = getattr(body, "login", None)
    if caller is None and LOGIN_NAME in BUCKETS[rate] and isinstance(name, str):
        await _draw(request, ((LOGIN_NAME, _subject_of(name)),))


async def _draw(request: Request, wanted: Iterable[tuple[Bucket, str]]) -> None:
    limits: Limits = request.app.state.limits
    for bucket, subject in wanted:
        drawn = await limits.draw(bucket, subject)
        already: list[Drawn] = request.scope.setdefault(_DRAWN, [])
        already.append(drawn)
        add_headers(request.scope, headers_of(already))
        if not drawn.granted:
            raise TooOftenError(drawn.seconds)


def headers_of(drawn: list[Drawn]) -> dict[str, str]:
    """What an answer tells of the buckets that it was drawn from."""
    return {
        "RateLimit-Policy": ", ".join(one.bucket.policy for one in drawn),
        "RateLimit": ", ".join(one.limit for one in drawn),
    }


def _subject_of(name: str) -> str:
    """A login name as it is counted: however it is written, and without telling it to whoever reads the counts."""
    plain = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()


def address_of(request: Request) -> str:
    """The network that a request comes from: an IPv4 address, or 64 bits of an IPv6 one."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ip_address(host)
    except ValueError:
        return "unknown"
    if not isinstance(address, IPv6Address):
        return str(address)
    mapped = address.ipv4_mapped
    if mapped is not None:
        return str(mapped)
    shift = 128 - _NETWORK_BITS
    return str(IPv6Address(int(address) >> shift << shift))
