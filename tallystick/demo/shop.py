"""The people and machines of the story, and how they are set up."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from tallystick.demo.cable import Cable
from tallystick.demo.programs import Answer, Place

SHOP = ("59.437", "24.7536")  # Tallinn
NEAR = ("59.44", "24.74")
FAR = ("59.122", "24.75")  # 35 km to the south


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer with a card of codes. Caps in minor units."""

    name: str
    wallet: str
    cards: tuple[Mapping[str, Any], ...] = field(repr=False)

    def code(self, index: int) -> str:
        """One of the codes on the card."""
        return str(self.cards[index]["code"])

    def voucher(self, index: int) -> str:
        """The text of that code's QR code."""
        return str(self.cards[index]["voucher"])


@dataclass(slots=True)
class Story:
    """Where the story is told, and how far it has come."""

    console: Console
    step: int = 0

    def chapter(self, title: str) -> None:
        """Begin the next part."""
        self.step += 1
        self.console.print(f"\n[bold]{self.step}. {escape(title)}[/bold]", highlight=False, soft_wrap=True)

    def tell(self, text: str, *, good: bool = True) -> None:
        """Say what came of a command."""
        sign = "[green]→[/green]" if good else "[yellow]✗[/yellow]"
        self.console.print(f"    {sign} {escape(text)}", highlight=False, soft_wrap=True)


@dataclass(frozen=True, slots=True)
class Till:
    """A terminal and its cable."""

    place: Place
    cable: Cable
    story: Story

    def sell(self, customer: Customer, index: int, amount: str, *, voucher: bool = False, expect: int = 0) -> Answer:
        """A sale by one of a customer's codes, typed or with its voucher."""
        return self.sell_by(customer, customer.code(index), amount, index if voucher else None, expect=expect)

    def sell_by(
        self, customer: Customer, typed: str, amount: str, voucher: int | None = None, *, expect: int = 0
    ) -> Answer:
        """A sale by whatever is typed."""
        text = customer.voucher(voucher) if voucher is not None else None
        shown = ("--voucher", text) if text is not None else ("--wallet", customer.wallet)
        answer = self.place.run("terminal", "sell", *shown, "--amount", amount, typed=typed, expect=expect, hide=text)
        self.story.tell(answer["message"], good=expect == 0)
        if answer["reasons"]:
            self.story.tell(f"reasons: {', '.join(answer['reasons'])}", good=expect == 0)
        return answer


def add_admin(server: Place) -> str:
    """An admin of the console, by the login `office`; the password, which is this demo's alone."""
    password = secrets.token_hex(6)
    server.run("server", "admin", "create", "--login", "office", "--password-file", "-", typed=password)
    return password


def add_vendor(server: Place) -> str:
    """The shop; its id."""
    lat, lon = SHOP
    options = ("--name", "Corner Shop", "--lat", lat, "--lon", lon, "--currency", "EUR")
    return str(server.run("server", "vendor", "add", *options)["vendorId"])


def add_customer(server: Place, name: str, home: tuple[str, str], offline: str) -> Customer:
    """A customer with 200.00 online, of which some goes offline and into five codes."""
    lat, lon = home
    options = ("--name", name, "--lat", lat, "--lon", lon, "--currency", "EUR")
    wallet = str(server.run("server", "customer", "add", *options)["wallet"])
    server.run("server", "wallet", "fund", wallet, "200.00")
    server.run("server", "wallet", "move-offline", wallet, offline)
    issued = server.run("server", "codes", "issue", wallet, "--count", "5")
    return Customer(name, wallet, tuple(issued["codes"]))


def enrol(server: Place, vendor: str, folder: Path, name: str, cable: Cable, story: Story) -> Till:
    """A terminal that is enrolled over its cable and has its book."""
    token = str(server.run("server", "device", "token", "--vendor", vendor)["token"])
    place = Place(name, folder, server.console)
    url = f"http://127.0.0.1:{cable.port}"
    place.run("terminal", "enrol", "--server", url, "--name", name, typed=token)
    book = place.run("terminal", "pull")
    story.tell(f"{name} has a book with {book['series']} series of codes")
    return Till(place, cable, story)
