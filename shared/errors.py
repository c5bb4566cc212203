"""The one error tree. Each error has a stable code; its docstring is its default message.

A message is a template and its facts, so that whoever shows it may look the template up in another language.
"""


class TallystickError(Exception):
    """Something went wrong."""

    code = "ERROR"

    def __init__(self, message: str | None = None, **facts: object) -> None:
        self.template = message or (self.__doc__ or "").strip()
        """The English text, with a named field for each fact; plain text where there are no facts."""
        self.facts = facts
        self.message = self.template.format(**facts) if facts else self.template
        super().__init__(self.message)


class DecodingError(TallystickError):
    """These bytes are not what the protocol allows here."""

    code = "MALFORMED"


class NotSignedError(DecodingError):
    """These bytes are no COSE_Sign1 object."""

    code = "NOT_SIGNED"


class SignatureError(TallystickError):
    """The signature does not fit these bytes, their kind or this key."""

    code = "BAD_SIGNATURE"


class UnknownKeyError(SignatureError):
    """No trusted key has this key id."""

    code = "UNKNOWN_KEY"


class MoneyError(TallystickError):
    """This is no amount of money in this currency."""

    code = "INVALID_AMOUNT"


class CurrencyError(MoneyError):
    """This is no ISO 4217 currency code."""

    code = "INVALID_CURRENCY"


class WalletNumberError(TallystickError):
    """A wallet number has 10 digits, and its last digit must fit the others."""

    code = "INVALID_WALLET"


class CodeFormatError(TallystickError):
    """An offline code has 8 letters and digits, like 7KQ2-M9XD."""

    code = "INVALID_CODE"


class KdfError(TallystickError):
    """These key derivation parameters are out of the allowed range."""

    code = "INVALID_KDF"


class PlaceError(TallystickError):
    """A place is a latitude from -90 to 90 and a longitude from -180 to 180 degrees."""

    code = "INVALID_PLACE"


class PolicyError(TallystickError):
    """This policy has an unknown field or a value out of its range."""

    code = "INVALID_POLICY"


class TokenError(TallystickError):
    """This token is not valid."""

    code = "INVALID_TOKEN"


class LifeCycleError(TallystickError):
    """This change of state is not allowed."""

    code = "INVALID_STATE"
