"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import (
    auth,
    bank_entries,
    bulk_reviews,
    codes,
    flagged,
    funding,
    people,
    policies,
    questions,
    reviewing,
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
    *flagged.ENDPOINTS,
    *reviewing.ENDPOINTS,
    *bulk_reviews.ENDPOINTS,
    *transactions.ENDPOINTS,
    *vendors.ENDPOINTS,
    *vendor_books.ENDPOINTS,
    *questions.ENDPOINTS,
    *policies.ENDPOINTS,
)
