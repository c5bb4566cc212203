"""Words that stand for states, reasons and accounts."""

from enum import StrEnum


class Word(StrEnum):
    """An enumeration of texts. Its members hash as the texts that they equal, in C: Enum's own hash is Python code.

    A server looks such words up some fifty times for each payment.
    """

    __hash__ = str.__hash__
