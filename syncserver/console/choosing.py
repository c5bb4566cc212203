"""What people choose from, and how admins are called: small lists that several pages show."""

from shared.ids import uuid_text
from syncserver.people import admins
from syncserver.registry import vendors
from syncserver.services import Services

# A longer list to choose from helps nobody: each shop has a page that leads on.
MOST_SHOPS = 500


async def shops(services: Services) -> list[tuple[str, str]]:
    """The first shops by name, as (id, name)."""
    return [(uuid_text(vendor), name) for vendor, name in await vendors.first_by_name(services, MOST_SHOPS)]


async def logins(services: Services) -> dict[str, str]:
    """The logins of all admins by the texts of their ids: so actors are told by `words.who`."""
    return {uuid_text(person.user_id): person.login for person, _ in await admins.list_admins(services)}
