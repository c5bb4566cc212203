"""What can be wrong with who asks, or with how often they do."""

from shared.errors import TallystickError


class ForbiddenError(TallystickError):
    """You may not do this."""

    code = "FORBIDDEN"


class KeyRequiredError(TallystickError):
    """A request that moves money needs an Idempotency-Key: 1 to 255 visible ASCII characters, a new one for each."""

    code = "IDEMPOTENCY_KEY_REQUIRED"


class TooOftenError(TallystickError):
    """You ask too often. Ask again after as many seconds as Retry-After says."""

    code = "RATE_LIMITED"

    def __init__(self, seconds: int = 1) -> None:
        super().__init__()
        self.seconds = seconds


class KeyReusedError(TallystickError):
    """This Idempotency-Key was used for another request."""

    code = "IDEMPOTENCY_KEY_REUSED"
