"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import funding, vendors, wallets
from syncserver.api.rest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*wallets.ENDPOINTS, *funding.ENDPOINTS, *vendors.ENDPOINTS)
