"""Records that were refused and have no place in any journal."""

import msgspec
from starlette.responses import Response

from shared.errors import DecodingError
from shared.ids import uuid_bytes, uuid_text
from syncserver.api.rest import cursors
from syncserver.console.page import Page, Visit
from syncserver.shifts.records import StrayPlace, strays, text_of

ROWS = 50


class ListQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Refused records of a shop or a terminal, behind one."""

    vendor: str = ""
    device: str = ""
    cursor: str = ""


def _place(cursor: str) -> StrayPlace | None:
    if not cursor:
        return None
    at, device, link = cursors.unpack(cursor, 3)
    try:
        return StrayPlace(cursors.number(at), uuid_bytes(device), bytes.fromhex(link))
    except ValueError as error:
        raise DecodingError("cursor: not one of this list") from error


async def show_list(visit: Visit[ListQuery, None]) -> Response:
    """`GET /console/records`."""
    query = visit.query
    vendor, device = (uuid_bytes(text) if text else None for text in (query.vendor, query.device))
    async with visit.services.pool.acquire() as connection:
        found = await strays(connection, vendor=vendor, device=device, behind=_place(query.cursor), limit=ROWS + 1)
    rows = found[:ROWS]
    following = None
    if len(found) > ROWS:
        last = rows[-1]
        following = cursors.pack(last.received_at, uuid_text(last.device), last.link.hex())
    shown = [(one, text_of(one.says)) for one in rows]
    return visit.page("records_list.html", rows=shown, following=following)


PAGES = (Page(path="/records", show=show_list, query=ListQuery),)
