"""What can be wrong with who asks, or with how often they do."""

from shared.errors import TallystickError


class ForbiddenError(TallystickError):
    """You may not do this."""

    code = "FORBIDDEN"


class NotApprovedError(TallystickError):
    """Your registration has not been approved yet."""

    code = "NOT_APPROVED"


class LoginError(TallystickError):
    """A login has 3 to 64 letters, digits or . _ @ + - and begins with a letter or a digit."""

    code = "INVALID_LOGIN"


class PasswordError(TallystickError):
    """A password has 8 to 128 characters and is not the login."""

    code = "INVALID_PASSWORD"


class CredentialsError(TallystickError):
    """This login and password do not fit, or were tried too often: after 10 failures wait for 30 minutes."""

    code = "INVALID_CREDENTIALS"


class OldPasswordError(TallystickError):
    """The old password is not right, or was tried too often: after 10 failures wait for 30 minutes."""

    code = "WRONG_PASSWORD"


class SecondFactorNeededError(TallystickError):
    """This needs a one-time password of your second factor as well."""

    code = "SECOND_FACTOR_NEEDED"


class SecondFactorError(TallystickError):
    """This one-time password is not right, or was used before. After 10 failures wait for 30 minutes."""

    code = "INVALID_SECOND_FACTOR"


class SecondFactorStateError(TallystickError):
    """There is a second factor already, or none was begun."""

    code = "SECOND_FACTOR_STATE"


class SessionOverError(TallystickError):
    """You are signed in no more. Sign in again."""

    code = "SESSION_OVER"


class BlockedError(TallystickError):
    """You were blocked."""

    code = "PERSON_BLOCKED"


class RefreshTokenError(TallystickError):
    """This refresh token is not valid, or not any more. Log in again."""

    code = "INVALID_REFRESH_TOKEN"


class RefreshRaceError(TallystickError):
    """This refresh token was exchanged a moment ago. Go on with what that answered, or log in again."""

    code = "REFRESH_RACE"


class UnknownPersonError(TallystickError):
    """There is no such person."""

    code = "UNKNOWN_PERSON"


class PersonStateError(TallystickError):
    """This person is not in a state that allows this."""

    code = "PERSON_STATE"


class WaitingPeriodError(TallystickError):
    """The waiting period of this registration has not ended."""

    code = "WAITING_PERIOD"


class LoginTakenError(TallystickError):
    """Somebody else was approved with this login."""

    code = "LOGIN_TAKEN"


class ReasonError(TallystickError):
    """A decision against somebody needs its reason, of at most 128 bytes."""

    code = "DECISION_REASON_REQUIRED"


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


class UnknownProposalError(TallystickError):
    """There is no such proposal."""

    code = "UNKNOWN_PROPOSAL"


class ProposalClosedError(TallystickError):
    """This proposal is not open any more."""

    code = "PROPOSAL_CLOSED"


class OtherAdminNeededError(TallystickError):
    """Another admin must confirm this: nobody confirms what they proposed, or what whom they made proposed."""

    code = "OTHER_ADMIN_NEEDED"


class LimitsChangedError(TallystickError):
    """These limits were changed since this was proposed: preview and propose it anew."""

    code = "LIMITS_CHANGED"
