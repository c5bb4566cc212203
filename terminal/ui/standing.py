"""How the till stands, in the two lines that are always visible."""

from dataclasses import dataclass

from rich.text import Text

from shared.money import format_minor
from terminal.texts import _, plural
from terminal.till.views import StatusView
from terminal.ui.moments import age, clock_time
from terminal.ui.themes import symbol


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the screens know of the till at a moment. `link` None: not known yet; `since` (ms): when the link went."""

    status: StatusView | None = None
    link: bool | None = None
    since: int | None = None
    syncing: bool = False
    cashier: str = ""


def standing_lines(standing: Standing, width: int, *, ascii_only: bool) -> Text:
    """Link, queue and oldest above; exposure against the limit, book and last sync below."""
    point = f" {symbol('point', ascii_only=ascii_only)} "
    status = standing.status
    if status is None:
        return Text.assemble(_link(standing, 0, ascii_only=ascii_only))
    above = Text(point).join([_link(standing, status.now, ascii_only=ascii_only), *_queue(status)])
    below = Text(point).join([_exposure(status), *_ages(standing, status)])
    name = point.join(part for part in (standing.cashier, clock_time(status.now)) if part)
    return Text("\n").join([_beside(above, name, width), _beside(below, status.name, width)])


def _link(standing: Standing, now: int, *, ascii_only: bool) -> Text:
    if standing.link:
        return Text(f"{symbol('up', ascii_only=ascii_only)} {_('ONLINE')}", "bold green")
    if standing.link is None:
        return Text(f"{symbol('down', ascii_only=ascii_only)} {_('CONNECTING')}", "bold")
    since = "" if standing.since is None or not now else f" {age(now - standing.since)}"
    return Text(f"{symbol('down', ascii_only=ascii_only)} {_('OFFLINE')}{since}", "bold reverse yellow")


def _queue(status: StatusView) -> list[Text]:
    waiting = status.queue
    if not waiting.records:
        return [Text(_("all synced"))]
    queued = plural("{count} queued", "{count} queued", waiting.records).format(count=waiting.records)
    return [Text(queued), Text(_("oldest {age}").format(age=age(status.oldest_age or 0)))]


def _exposure(status: StatusView) -> Text:
    at_risk, limit = status.queue.exposure, status.exposure_limit
    text = _("{sum} of {limit} {currency} at risk").format(
        sum=format_minor(at_risk.total, status.currency),
        limit=format_minor(limit, status.currency),
        currency=status.currency,
    )
    # Four fifths: time to look for the network before the till has to stop.
    near = at_risk.total * 5 >= limit * 4 or at_risk.count * 5 >= status.exposure_count * 4
    return Text(text, "bold reverse red" if near else "")


def _ages(standing: Standing, status: StatusView) -> list[Text]:
    if status.book_age is None:
        return [Text(_("no book yet"), "bold red")]
    book = Text(_("book {age}").format(age=age(status.book_age)))
    return [book, Text(_("syncing"), "bold")] if standing.syncing else [book]


def _beside(left: Text, right: str, width: int) -> Text:
    """Left and right on one line; what stands right goes first where both have no room."""
    room = width - left.cell_len - 1
    line = left.copy()
    if len(right) <= room:
        line.append(" " * (room - len(right) + 1) + right, "bold")
    return line
