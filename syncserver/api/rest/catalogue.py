"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import (
    auditing,
    auth,
    bank_entries,
    codes,
    devices,
    funding,
    overview,
    payout_accounts,
    payouts,
    people,
    reviewing,
    shift_decisions,
    shifts,
    statements,
    transactions,
    vendor_books,
    vendors,
    wallets,
)
from syncserver.api.rest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *people.ENDPOINTS,
    *auth.ENDPOINTS,
    *wallets.ENDPOINTS,
    *funding.ENDPOINTS,
    *bank_entries.ENDPOINTS,
    *codes.ENDPOINTS,
    *statements.ENDPOINTS,
    *reviewing.ENDPOINTS,
    *transactions.ENDPOINTS,
    *vendors.ENDPOINTS,
    *vendor_books.ENDPOINTS,
    *shifts.ENDPOINTS,
    *shift_decisions.ENDPOINTS,
    *auditing.ENDPOINTS,
    *devices.ENDPOINTS,
    *overview.ENDPOINTS,
    *payout_accounts.ENDPOINTS,
    *payouts.ENDPOINTS,
)
