"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import auth, funding, people, transactions, vendors, wallets
from syncserver.api.rest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *people.ENDPOINTS,
    *auth.ENDPOINTS,
    *wallets.ENDPOINTS,
    *funding.ENDPOINTS,
    *transactions.ENDPOINTS,
    *vendors.ENDPOINTS,
)
