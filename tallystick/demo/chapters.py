"""The day itself: the network goes away, the shop goes on, and when it is back every cent is settled once."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.money import format_minor
from tallystick.demo.programs import Answer, DemoError, Place
from tallystick.demo.replay import replay_last_upload
from tallystick.demo.shop import Customer, Story, Till
from tallystick.verification.trust import trust_of_home

REFUSED, LOCKED, NO_NETWORK = 3, 4, 7
WRONG_CODES = ("AAAA-AAAA", "BBBB-BBBB", "CCCC-CCCC")


@dataclass(frozen=True, slots=True)
class People:
    """Who comes in today. Peeter lives 35 km away."""

    maria: Customer
    jaan: Customer
    liis: Customer
    peeter: Customer


def go_offline(story: Story, one: Till, two: Till, people: People) -> None:
    """Pull both cables, and sell all day."""
    story.chapter("The network goes away, and the shop goes on")
    for till in (one, two):
        till.cable.unplug()
    answer = one.place.run("terminal", "sync", expect=NO_NETWORK)
    story.tell(answer["push"]["error"]["message"] if answer["push"]["error"] else _pull_error(answer), good=False)
    one.place.run("terminal", "shift", "open", "--float", "100.00")
    two.place.run("terminal", "shift", "open", "--float", "50.00")

    story.chapter("Sales by typed code and by voucher")
    one.sell(people.maria, 0, "12.50")
    one.sell(people.jaan, 0, "30.00", voucher=True)
    one.sell(people.liis, 0, "7.20")

    story.chapter("What is refused: over the cap, a spent code, three wrong codes and then a lock")
    one.sell(people.jaan, 1, "45.00", expect=REFUSED)
    one.sell(people.maria, 0, "5.00", expect=REFUSED)
    one.sell_by(people.liis, "\n".join(WRONG_CODES), "20.00", expect=REFUSED)
    story.tell("now the right code does not help either:")
    one.sell(people.liis, 1, "20.00", expect=LOCKED)

    story.chapter("A customer from 35 km away is in no book here: the voucher is enough")
    one.sell(people.peeter, 0, "19.99", voucher=True)

    story.chapter("A sale is taken back")
    wrong_sale = one.sell(people.jaan, 1, "9.90")
    one.place.run("terminal", "void", wrong_sale["payment"], "--reason", "wrong amount")

    story.chapter("One code, taken by two tills that cannot hear each other")
    one.sell(people.maria, 1, "25.00")
    two.sell(people.maria, 1, "25.00")
    two.sell(people.liis, 1, "18.00")

    story.chapter("The shifts close, still without a network")
    for till in (one, two):
        closed = till.place.run("terminal", "shift", "close")
        story.tell(
            f"{closed['count']} payments, {_euros(closed['total'])}, {closed['voids']} voided; "
            f"{closed['carried']['count']} not synced yet"
        )


def come_back(story: Story, server: Place, one: Till, two: Till, people: People, server_port: int) -> None:
    """Plug both cables in again: batches go up, receipts come back, and a recorded upload changes nothing."""
    story.chapter("The network returns: batches go up, receipts come back")
    for till in (one, two):
        till.cable.plug()
        sync(story, till)
    again = one.place.run("terminal", "sync")
    story.tell(f"nothing is left to send: {again['push']['records']} records")

    story.chapter("Somebody who tapped the cable sends the same batch again: nothing changes")
    before = [_money(server, customer) for customer in (people.maria, people.jaan)]
    keys = dict(trust_of_home((one.place.home / "trust.json").read_bytes()).server_keys)
    receipt = replay_last_upload(bytes(one.cable.tapped), server_port, keys)
    statuses = ", ".join(f"{result.seq} {result.status.value}" for result in receipt.results)
    story.tell(f"the server answers what it answered before: {statuses}")
    if [_money(server, customer) for customer in (people.maria, people.jaan)] != before:
        raise DemoError("the same batch moved money twice")

    story.chapter("The till's half, checked by anyone: the journal fits its receipts")
    file = str(one.place.home / "journal.cbor")
    one.place.run("terminal", "export", file)
    found = one.place.run("verify", file)
    story.tell(f"{found['entries']} entries, {len(found['problems'])} problems")


def decide_flagged(story: Story, server: Place, one: Till) -> None:
    """An admin approves one flagged payment and rejects the other; the till learns it."""
    story.chapter("An admin decides the flagged payments")
    flagged = server.run("server", "payment", "flagged")["flagged"]
    for payment in flagged:
        story.tell(f"{payment['id']}  {_euros(payment['amount'])}  {', '.join(payment['reasons'])}")
    by_reason = {reason: payment["id"] for payment in flagged for reason in payment["reasons"]}
    if len(flagged) != len({"DISTANCE", "CODE_SPENT"}) or not {"DISTANCE", "CODE_SPENT"} <= by_reason.keys():
        raise DemoError(f"other payments are flagged than the story has: {flagged}")
    approved = server.run("server", "payment", "review", by_reason["DISTANCE"], "--approve")
    story.tell(f"approved: {approved['status']}")
    reason = ("--reject", "--reason", "the code had been used at the other till")
    rejected = server.run("server", "payment", "review", by_reason["CODE_SPENT"], *reason)
    story.tell(f"rejected: {rejected['status']}")
    learned = one.place.run("terminal", "pull")
    story.tell(f"the till learns it with its next book: {learned['updates']} updates")


def reconcile(story: Story, server: Place) -> str:
    """The last line: the totals of a reconciliation that found nothing."""
    story.chapter("Everything is reconciled")
    totals = server.run("server", "reconcile")["totals"]
    counts = ", ".join(f"{totals[status]} {status}" for status in ("settled", "flagged", "failed", "voided"))
    sums = ", ".join(f"{format_minor(minor, code)} {code}" for code, minor in totals["difference"].items())
    return f"reconciled: {totals['payments']} payments, {counts}, difference {sums}"


def sync(story: Story, till: Till) -> Answer:
    """Send what waits, and tell what came of it."""
    answer = till.place.run("terminal", "sync")
    statuses = ", ".join(f"{count} {status}" for status, count in sorted(answer["push"]["statuses"].items()))
    story.tell(f"{answer['push']['records']} records in {answer['push']['batches']} batch: {statuses}")
    return answer


def _money(server: Place, customer: Customer) -> Mapping[str, Any]:
    found = server.run("server", "wallet", "show", customer.wallet).data
    held, review = _euros(found["held"]), _euros(found["review"])
    server.console.print(f"    {customer.name}: held {held}, in review {review}, offline {_euros(found['offline'])}")
    return found


def _pull_error(answer: Answer) -> str:
    return str(answer["pull"]["error"]["message"])


def _euros(minor: Any) -> str:
    return f"{format_minor(int(minor), 'EUR')} EUR"
