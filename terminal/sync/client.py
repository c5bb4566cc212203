"""A device's requests: RFC 7523 assertions for access tokens, kept in memory alone (docs/protocol.md, section 7)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import urlencode

from shared import tokens
from shared.ids import uuid_text
from shared.keys import SigningKey
from terminal.clock import Clock, Random
from terminal.sync.errors import AnswerError, RefusedError, ServerBusyError
from terminal.sync.exchange import Answer, Exchange

TOKEN_PATH = "/auth/token"  # noqa: S105 - a path
# A little less than the most, for a `Date` that is up to a second old and a clock that is a little fast.
_ASSERTION_S = tokens.ASSERTION_SECONDS - 15
_JTI_BYTES = 16
# Renewed before it ends, so that a long upload does not end it.
_MARGIN_MS = 30_000
_LONGEST_TOKEN_S = 3_600
_MS = 1_000


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """Who asks: the device, its server, and the key of its current epoch."""

    device: bytes
    server_id: bytes
    key: SigningKey


@dataclass(frozen=True, slots=True)
class _Token:
    text: str = field(repr=False)
    ends: int  # by the tick


class _ExpiredError(Exception):
    """The access token is not known any more; a refused assertion is another matter."""

    def __init__(self, refusal: RefusedError) -> None:
        super().__init__()
        self.refusal = refusal


class DeviceClient:
    """Authorized requests of one device to its server."""

    def __init__(self, exchange: Exchange, identity: DeviceIdentity, clock: Clock, random: Random) -> None:
        self.exchange = exchange
        self._identity = identity
        self._clock = clock
        self._random = random
        self._token: _Token | None = None
        self._busy: ServerBusyError | None = None

    def begin(self) -> None:
        """A sync begins, as late as the server asked for."""
        self._busy = None

    def authorise(self) -> None:
        """Make sure of an access token, so that a question is known to find the server where it was a moment ago.

        Raises:
            ServerUnreachableError, ServerBusyError, RefusedError, AnswerError: as `ask`; nothing was asked.
        """
        self._access_token()

    def ask(
        self,
        method: str,
        path: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask with an access token, and once more with a new one where the server knows the old one no longer.

        Raises:
            ServerUnreachableError, ServerBusyError, RefusedError, AnswerError: see `Exchange.ask`.
        """
        try:
            return self._ask_with(self._access_token(), method, path, content, headers, params)
        except _ExpiredError:
            self._token = None
        try:
            return self._ask_with(self._access_token(), method, path, content, headers, params)
        except _ExpiredError as error:
            raise error.refusal from None

    def _ask_with(
        self,
        token: str,
        method: str,
        path: str,
        content: bytes | None,
        headers: Mapping[str, str] | None,
        params: Mapping[str, str] | None,
    ) -> Answer:
        bearer = {**(headers or {}), "Authorization": f"Bearer {token}"}
        try:
            return self.exchange.ask(method, path, content=content, headers=bearer, params=params)
        except RefusedError as error:
            if error.status == HTTPStatus.UNAUTHORIZED:
                raise _ExpiredError(error) from error
            raise

    def _access_token(self) -> str:
        if self._token is None or self._clock.tick() >= self._token.ends:
            self._token = self._new_token_if_not_busy()
        return self._token.text

    def _new_token_if_not_busy(self) -> _Token:
        """Without a token there is nothing to ask: the pull does not knock where the push was just told to wait."""
        if self._busy is not None:
            raise self._busy
        try:
            return self._new_token()
        except ServerBusyError as error:
            self._busy = error
            raise

    def _new_token(self) -> _Token:
        heard = self.exchange.heard_time()
        used = self._clock.now() if heard is None else heard
        try:
            return self._request_token(used)
        except RefusedError:
            told = self.exchange.heard_time()
            # Refused, it may be, for this terminal's wrong clock: its answer's Date says the right time.
            if told is None or abs(told - used) < _MS:
                raise
            return self._request_token(told)

    def _request_token(self, now: int) -> _Token:
        device = uuid_text(self._identity.device)
        assertion = tokens.encode(
            {
                "iss": device,
                "sub": device,
                "aud": tokens.audience(self._identity.server_id),
                "exp": now // _MS + _ASSERTION_S,
                "jti": self._random(_JTI_BYTES).hex(),
            },
            self._identity.key,
            token_type="JWT",  # noqa: S106 - the header's typ
        )
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": tokens.ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        answer = self.exchange.ask(
            "POST",
            TOKEN_PATH,
            content=urlencode(form).encode("ascii"),
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        ).json()
        text, expires_in = answer.get("access_token"), answer.get("expires_in")
        # It goes into a header: nothing but what a token is made of.
        if not (isinstance(text, str) and text.isascii() and text.isprintable() and type(expires_in) is int):
            raise AnswerError("the server's answer holds no access token")
        lifetime = min(max(expires_in, 0), _LONGEST_TOKEN_S) * _MS
        return _Token(text, self._clock.tick() + max(lifetime - _MARGIN_MS, lifetime // 2))
