"""Every endpoint of the REST API, in the order of its document."""

from syncserver.api.rest import codes, statements, wallets
from syncserver.api.rest.endpoint import Endpoint

ENDPOINTS: tuple[Endpoint, ...] = (*wallets.ENDPOINTS, *codes.ENDPOINTS, *statements.ENDPOINTS)
