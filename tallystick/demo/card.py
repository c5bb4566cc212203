"""The card of codes that lies beside the till: who comes in, and what they pay with."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from rich.console import Console
from rich.table import Table

from tallystick.demo.shop import Customer


@dataclass(frozen=True, slots=True)
class Code:
    """One code of a customer. `index` is its place in the customer's only series."""

    name: str
    wallet: str
    index: int
    code: str = field(repr=False)
    voucher: str = field(repr=False)


class Scene(msgspec.Struct, frozen=True):
    """What the till's program is told of the story: the two ends of its cable, and the card."""

    server_port: int
    cable_port: int
    codes: tuple[Code, ...]


def card_of(people: Sequence[Customer], each: int) -> tuple[Code, ...]:
    """So many codes of each customer, in turn."""
    return tuple(
        Code(person.name, person.wallet, int(person.cards[index]["index"]), person.code(index), person.voucher(index))
        for index in range(each)
        for person in people
    )


def show_card(console: Console, codes: Sequence[Code]) -> None:
    """The card, as it lies on the counter."""
    table = Table(title="The customers' card", title_justify="left")
    for heading in ("Customer", "Wallet", "Code"):
        table.add_column(heading)
    for code in codes:
        table.add_row(code.name, code.wallet, code.code)
    console.print(table)


def first_keys(code: Code) -> str:
    """What to type for a sale of 12.50."""
    return f"1250 Enter, {code.wallet} Enter, {code.code.replace('-', '')} Enter"
