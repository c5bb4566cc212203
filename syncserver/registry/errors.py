"""What can go wrong with vendors and devices."""

from shared.errors import TallystickError


class UnknownVendorError(TallystickError):
    """There is no such vendor."""

    code = "UNKNOWN_VENDOR"


class UnknownDeviceError(TallystickError):
    """There is no such device."""

    code = "UNKNOWN_DEVICE"


class EnrolmentTokenError(TallystickError):
    """This enrolment token is unknown or has expired."""

    code = "ENROLMENT_TOKEN"


class EnrolmentProofError(TallystickError):
    """The enrolment's proof does not fit the key and the token."""

    code = "INVALID_PROOF"


class KeyTakenError(TallystickError):
    """This token was used with another key, or this key is known already."""

    code = "KEY_CONFLICT"


class DeviceStateError(TallystickError):
    """The device is not in a state that allows this."""

    code = "DEVICE_STATE"


class ClientAssertionError(TallystickError):
    """The client assertion is not valid."""

    code = "invalid_client"


class PinError(TallystickError):
    """A PIN has 6 digits and is none of the common ones."""

    code = "INVALID_PIN"


class UnknownCashierError(TallystickError):
    """There is no such cashier."""

    code = "NO_SUCH_CASHIER"
