"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import auth, people, transactions, wallets
from syncserver.api.rest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (
    *people.ENDPOINTS,
    *auth.ENDPOINTS,
    *wallets.ENDPOINTS,
    *transactions.ENDPOINTS,
)
