"""International bank account numbers (ISO 13616): pure."""

import re

_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{11,30}")
_BIC = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")
# How long an IBAN of each country of SEPA is, by the registry of ISO 13616 and the list EPC409-09.
SEPA_LENGTHS = {
    "AD": 24, "AL": 28, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20,
    "ES": 24, "FI": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MD": 24, "ME": 22, "MK": 19, "MT": 31, "NL": 18, "NO": 15,
    "PL": 28, "PT": 25, "RO": 24, "RS": 22, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "VA": 22,
}  # fmt: skip


def looks_like_iban(account: str) -> bool:
    """Whether an account's number has the form of an IBAN."""
    return _IBAN.fullmatch(account) is not None


def check_digits_fit(iban: str) -> bool:
    """Whether an IBAN's check digits are right (by ISO 7064 MOD 97-10)."""
    return int("".join(str(int(character, 36)) for character in iban[4:] + iban[:4])) % 97 == 1


def is_sepa_iban(account: str) -> bool:
    """Whether euro can be sent to this account by SEPA: its country, its length and its check digits are right."""
    return looks_like_iban(account) and len(account) == SEPA_LENGTHS.get(account[:2], 0) and check_digits_fit(account)


def is_bic(text: str) -> bool:
    """Whether a text has the form of a bank's code (ISO 9362)."""
    return _BIC.fullmatch(text) is not None
