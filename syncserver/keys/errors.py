"""What can go wrong with the server's keys."""

from shared.errors import TallystickError


class KeyFileError(TallystickError):
    """The server's key-encryption key can't be used."""

    code = "KEY_FILE"


class KeyRotationError(TallystickError):
    """A new signing key waits already until it signs."""

    code = "KEY_ROTATION"


class UnknownSigningKeyError(TallystickError):
    """This server has no such signing key that is believed."""

    code = "UNKNOWN_SIGNING_KEY"


class NotInitialisedError(TallystickError):
    """This server has not been set up yet: run `tallystick server init`."""

    code = "NOT_INITIALISED"
