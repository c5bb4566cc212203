"""Why an entry of a bank's statement was not settled by itself."""

from shared.words import Word


class Why(Word):
    """Why an entry was not credited by itself."""

    NO_REFERENCE = "NO_REFERENCE"  # it names no wallet
    SEVERAL_REFERENCES = "SEVERAL_REFERENCES"
    UNKNOWN_WALLET = "UNKNOWN_WALLET"  # the reference is right, and nobody has that wallet
    CURRENCY = "CURRENCY"  # entry, account and wallet differ
    DEBIT = "DEBIT"  # money that went out; can't be assigned
    REVERSAL = "REVERSAL"  # money that was taken back, or came back; can't be assigned
    BATCH = "BATCH"  # several transactions in one that do not add up to it
    TOO_MUCH = "TOO_MUCH"  # more than a wallet can hold
    REFERENCE_REUSED = "REFERENCE_REUSED"  # the bank's reference was that of an entry with other facts
    POSSIBLE_DUPLICATE = "POSSIBLE_DUPLICATE"  # same wallet, day and amount in another file, and no reference to tell
    PAYOUT_DIFFERS = "PAYOUT_DIFFERS"  # it names a payout of another amount or account; can't be assigned
    PAYOUT_STATE = "PAYOUT_STATE"  # it names a payout that can't have been paid or come back now; can't be assigned


NEVER_ASSIGNED = frozenset({Why.DEBIT, Why.REVERSAL})
