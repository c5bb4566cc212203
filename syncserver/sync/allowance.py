"""How much one device may add in a day: whoever has a terminal's key can sign records for ever, and each is kept."""

from shared.errors import TallystickError
from shared.rules.decision import MS_PER_DAY, MS_PER_SECOND
from syncserver.database.arrays import uuid_of
from syncserver.services import Services
from syncserver.sync.reading import QUERIES

# Nobody is sent away for longer, so that a higher limit helps soon.
LONGEST_SECONDS = 3_600


class DeviceAllowanceError(TallystickError):
    """This terminal has sent as much as one may in a day. What it keeps can be sent tomorrow."""

    code = "DEVICE_ALLOWANCE"

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


async def require_allowance(services: Services, device: bytes) -> None:
    """Make sure that a device may add records today; the batch that it begins to exceed its allowance with is taken.

    Raises:
        DeviceAllowanceError: it has added as much as it may.
    """
    now = services.clock()
    row = await services.pool.fetchrow(QUERIES["intake_of_day"], uuid_of(device), now // MS_PER_DAY)
    if row is None:
        return
    if row["intake_records"] >= services.device_records_a_day or row["intake_bytes"] >= services.device_bytes_a_day:
        until_tomorrow = (MS_PER_DAY - now % MS_PER_DAY) // MS_PER_SECOND + 1
        raise DeviceAllowanceError(min(LONGEST_SECONDS, until_tomorrow))
