"""What a slip says: a customer's receipt of one payment or several, or a report of labels and values. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo

from shared.ids import uuid_text
from shared.lifecycles import TillState
from shared.money import Money
from terminal.printing.letters import legible
from terminal.printing.lines import Block, Line, Pair, Qr, Rule, Text, set_blocks
from terminal.texts import _

_PAYS_NOTHING = (TillState.VOIDED, TillState.FAILED)
_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidPart:
    """One payment of a slip. `wallet` is masked already; `link` is its record's, `code` the text of its QR code."""

    payment: bytes
    wallet: str
    amount: Money
    at: int
    state: TillState
    seq: int
    epoch: int
    link: bytes
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """A customer's receipt. `otherwise` is what of the sale was paid in another way; a `copy` says so."""

    vendor: str
    till: str
    parts: tuple[PaidPart, ...]
    otherwise: Money
    copy: bool
    zone: tzinfo | None = None

    @property
    def total(self) -> Money:
        """What was paid in all; what failed or was voided pays nothing."""
        paid = sum(part.amount.minor for part in self.parts if part.state not in _PAYS_NOTHING)
        return Money(paid + self.otherwise.minor, self.otherwise.currency)

    def blocks(self) -> list[Block]:
        """The receipt from top to bottom."""
        blocks: list[Block] = [Text(self.vendor, centre=True, big=True), Text(self.till, centre=True)]
        if self.copy:
            blocks.append(Text(_("COPY"), centre=True, big=True))
        for part in self.parts:
            blocks += [Rule(), *self._part(part)]
        blocks.append(Rule())
        if self.otherwise.minor:
            blocks.append(Pair(_("paid otherwise"), str(self.otherwise)))
        blocks.append(Pair(_("TOTAL"), str(self.total), big=True))
        for part in self.parts:
            caption = _("record {seq}: check with tallystick verify").format(seq=part.seq)
            blocks += [Qr(part.code), Text(caption, centre=True)]
        if self.copy:
            blocks.append(Text(_("COPY"), centre=True, big=True))
        return blocks

    def _part(self, part: PaidPart) -> list[Block]:
        return [
            Text(time_text(part.at, self.zone)),
            Pair(_("amount"), str(part.amount)),
            Pair(_("wallet"), part.wallet),
            Text(state_text(part.state)),
            Pair(_("record"), f"{part.seq} / {part.epoch}"),
            Pair(_("payment"), uuid_text(part.payment)),
            Text(f"{_('link')} {part.link.hex()}"),
        ]


@dataclass(frozen=True, slots=True)
class ReportSlip:
    """A title and rows of label and value, such as a shift's report; an empty row is a rule."""

    title: str
    rows: tuple[tuple[str, str], ...]

    def blocks(self) -> list[Block]:
        """The report from top to bottom."""
        rows: list[Block] = [Pair(label, value) if label or value else Rule() for label, value in self.rows]
        return [Text(self.title, centre=True, big=True), Rule(), *rows, Rule()]


def report_slip(title: str, rows: Sequence[tuple[str, str]]) -> ReportSlip:
    """A report to be printed."""
    return ReportSlip(title, tuple(rows))


def layout(slip: Slip | ReportSlip, width: int) -> tuple[Line, ...]:
    """A slip on paper of `width` columns, from 24 to 64, in letters that the paper has.

    Raises:
        ValueError: no receipt fits there.
    """
    return set_blocks([_legible(block) for block in slip.blocks()], width)


def _legible(block: Block) -> Block:
    match block:
        case Text(text):
            return replace(block, text=legible(text))
        case Pair(left, right):
            return replace(block, left=legible(left), right=legible(right))
        case _:
            return block


def time_text(at: int, zone: tzinfo | None = None) -> str:
    """A time (ms, UTC) as people read it, with its distance from UTC; by this machine's zone where none is named."""
    when = datetime.fromtimestamp(at / _MS, UTC).astimezone(zone)
    offset = when.strftime("%z")
    return f"{when:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:5]}"


def state_text(state: TillState) -> str:
    """What a customer is told of a payment's state, as of the moment of printing."""
    return {
        TillState.COMPLETED: _("SETTLED"),
        TillState.FLAGGED: _("OFFLINE, under review"),
        TillState.FAILED: _("FAILED: nothing was paid"),
        TillState.VOIDED: _("VOIDED: nothing was paid"),
    }.get(state, _("OFFLINE, not yet settled"))
