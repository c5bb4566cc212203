"""Limits of shops and terminals: what waits for a second admin, an editor with a preview, and how limits came to be."""

from dataclasses import fields as fields_of
from typing import Any

import msgspec
from starlette.responses import Response

from shared.errors import MoneyError, PolicyError
from shared.ids import uuid_bytes, uuid_text
from shared.money import Money, format_minor
from shared.policy import Policy
from shared.reasons import ADJUSTABLE
from syncserver.console import choosing, words
from syncserver.console.drawing import Column, columns
from syncserver.console.page import PREFIX, Form, Page, Visit
from syncserver.database.connection import Connection
from syncserver.payments.explained import in_words
from syncserver.people import proposals
from syncserver.registry import exposure, limits, preview, sales
from syncserver.registry.limits import Change
from syncserver.registry.loosening import differences, loosened
from syncserver.registry.preview import Preview
from syncserver.registry.vendors import Vendor

POLICIES = f"{PREFIX}/policies"
ROWS = 50
MOST_TILLS = 200
MONEY = ("payment_limit", "daily_limit", "exposure_limit")
LIMITS = tuple(field.name for field in fields_of(Policy) if field.name != "actions")
REASONS = tuple(sorted(ADJUSTABLE))
_WORDS = ("settled", "flagged", "failed")


class ShopsQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shops after one; proposals that wait, or all."""

    cursor: str = ""
    closed: str = ""


class ShopQuery(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of one of the shop's terminals, where it is named."""

    device: str = ""


class WhyForm(Form, frozen=True):
    """Why something is decided."""

    reason: str


# Every limit and action is a field; what is empty or as it is now is no change.
LimitsForm: Any = msgspec.defstruct(
    "LimitsForm",
    [(name, str, "") for name in (*LIMITS, *(f"actions.{reason}".replace(".", "_") for reason in REASONS), "reason")],
    bases=(Form,),
    frozen=True,
    forbid_unknown_fields=True,
    kw_only=True,
)


async def show_shops(visit: Visit[ShopsQuery, None]) -> Response:
    """`GET /console/policies`."""
    query = visit.query
    async with visit.services.pool.acquire() as connection:
        found = await sales.list_vendors(connection, uuid_bytes(query.cursor) if query.cursor else None, ROWS + 1)
        waiting = await proposals.listed(
            connection, visit.services, vendor=None, waiting=not query.closed, before=None, limit=ROWS
        )
    shops = [shop for shop, _ in found[:ROWS]]
    following = uuid_text(shops[-1].id) if len(found) > ROWS else None
    return visit.page("policies_list.html", shops=shops, following=following, waiting=waiting)


async def show_shop(visit: Visit[ShopQuery, Any]) -> Response:
    """`GET /console/policies/{vendor}`: the limits in force in an editor, and how they came to be."""
    vendor, device = visit.path["vendor"], _device(visit)
    async with visit.services.pool.acquire() as connection:
        shop, _ = await sales.show_vendor(connection, vendor)
        effect = await limits.foresee(connection, Change(vendor=vendor, device=device, body={}))
        made = await limits.versions(connection, vendor, device)
        tills = await exposure.terminals(connection, vendor, visit.services.clock(), after=None, limit=MOST_TILLS)
        waiting = await proposals.listed(
            connection, visit.services, vendor=vendor, waiting=True, before=None, limit=ROWS
        )
    return visit.page(
        "policies_one.html",
        shop=shop,
        device=device,
        now_is=_shown(effect.after, shop),
        defaults=_shown(Policy(), shop),
        groups=words.LIMITS,
        words=in_words,
        logins=await choosing.logins(visit.services),
        money=MONEY,
        reasons=REASONS,
        made=made,
        told=told,
        tills=[till.view for till in tills],
        waiting=waiting,
    )


def _device(visit: Visit[ShopQuery, Any]) -> bytes | None:
    return uuid_bytes(visit.query.device) if visit.query.device else None


def _shown(policy: Policy, shop: Vendor) -> dict[str, str]:
    """A policy as the editor's fields hold it: money in decimals."""
    wire = policy.to_wire()
    held = {name: format_minor(wire[name], shop.currency) if name in MONEY else str(wire[name]) for name in LIMITS}
    return held | {f"actions_{reason}": wire["actions"].get(reason, "") for reason in REASONS}


async def _change(connection: Connection, visit: Visit[ShopQuery, Any]) -> Change:
    """The change that the editor's fields ask for.

    Raises:
        PolicyError, UnknownVendorError, UnknownDeviceError: there is none.
    """
    vendor, device = visit.path["vendor"], _device(visit)
    shop, _ = await sales.show_vendor(connection, vendor)
    none = Change(vendor=vendor, device=device, body={})
    now_is = _shown((await limits.foresee(connection, none)).after, shop)
    typed = {name: getattr(visit.form, name).strip() for name in now_is}
    changed = {name: value for name, value in typed.items() if value and value != now_is[name]}
    body: dict[str, Any] = {name: _value(name, value, shop) for name, value in changed.items() if name in LIMITS}
    actions = {name.removeprefix("actions_"): value for name, value in changed.items() if name not in LIMITS}
    if actions:
        body["actions"] = actions
    if not body:
        raise PolicyError("This changes nothing.")
    return Change(vendor=vendor, device=device, body=body)


def _value(name: str, text: str, shop: Vendor) -> int | str:
    if name == "loss_bearer":
        return text
    if name in MONEY:
        try:
            return Money.parse(text, shop.currency).minor
        except MoneyError as error:
            raise PolicyError(f"{words.limit(name)}: {error.message}") from error
    if not (text.isascii() and text.isdecimal() and len(text) <= _MOST_DIGITS):
        raise PolicyError(f"{words.limit(name)}: this is no whole number from 0")
    return int(text)


_MOST_DIGITS = 15


async def show_preview(visit: Visit[ShopQuery, Any]) -> Response:
    """`POST /console/policies/{vendor}/preview`: what it would have done, before anything is asked for."""
    async with visit.services.pool.acquire() as connection:
        shop, _ = await sales.show_vendor(connection, visit.path["vendor"])
        change = await _change(connection, visit)
    found = await preview.preview(visit.services, change)
    kept = {name: getattr(visit.form, name) for name in LimitsForm.__struct_fields__ if name not in {"once", "reason"}}
    return visit.page("policies_preview.html", shop=shop, change=change, kept=kept, **_facts(found, shop.currency))


def told(before: Policy, after: Policy, currency: str) -> dict[str, tuple[Any, Any]]:
    """What differs, with money in decimals."""
    return {
        name: (format_minor(was, currency), format_minor(will, currency)) if name in MONEY else (was, will)
        for name, (was, will) in differences(before, after).items()
    }


def _facts(found: Preview, currency: str) -> dict[str, Any]:
    was, would = dict.fromkeys(_WORDS, 0), dict.fromkeys(_WORDS, 0)
    for move in found.moves:
        was[move.was] += move.payments
        would[move.would] += move.payments
    kinds = dict(zip(_WORDS, ("good", "doubt", "bad"), strict=True))
    chart = columns(
        "Payments by what they were, and by what they would have been",
        [
            Column(f"{word} {when}", ((counts[word], kinds[word]),))
            for word in _WORDS
            for when, counts in (("then", was), ("under it", would))
        ],
    )
    return {
        "found": found,
        "chart": chart,
        "changes": told(found.before, found.after, currency),
        "looser": loosened(found.before, found.after),
        "cannot_tell": preview.CANNOT_TELL.splitlines(),
    }


async def change(visit: Visit[ShopQuery, Any]) -> Response:
    """`POST /console/policies/{vendor}/change`: tighter limits at once; looser ones are proposed."""

    async def work(connection: Connection) -> str:
        asked = await _change(connection, visit)
        _, proposal = await proposals.change_or_propose(connection, visit.services, visit.who, asked, visit.form.reason)
        if proposal is not None:
            return "It is proposed. Another admin must confirm it within a day."
        return "It is in force with the next book."

    notice = await visit.once(work)
    return await visit.done(f"{POLICIES}/{uuid_text(visit.path['vendor'])}{visit.query_text()}", notice)


async def show_proposal(visit: Visit[ShopQuery, Any]) -> Response:
    """`GET /console/policies/proposals/{proposal}`, with what it would have done."""
    async with visit.services.pool.acquire() as connection:
        one = await proposals.read(connection, visit.services, visit.path["proposal"])
        before, after = await proposals.policies_of(connection, one)
        shop, _ = await sales.show_vendor(connection, one.change.vendor)
    changes = told(before, after, shop.currency)
    facts: dict[str, Any] = {"found": None, "changes": changes, "looser": loosened(before, after)}
    if one.state is proposals.ProposalState.OPEN:
        facts = _facts(await preview.preview(visit.services, one.change), shop.currency)
    return visit.page("policies_proposal.html", one=one, mine=one.proposed_by == visit.who.user_id, **facts)


async def confirm(visit: Visit[ShopQuery, Form]) -> Response:
    """`POST /console/policies/proposals/{proposal}/confirm`."""

    async def work(connection: Connection) -> str:
        found = await proposals.confirm(connection, visit.services, visit.who, visit.path["proposal"])
        return f"The limits of {found.device_name or found.vendor_name} are changed, with the next book."

    return await visit.done(POLICIES, await visit.once(work))


async def withdraw(visit: Visit[ShopQuery, WhyForm]) -> Response:
    """`POST /console/policies/proposals/{proposal}/withdraw`."""

    async def work(connection: Connection) -> str:
        await proposals.withdraw(connection, visit.services, visit.who, visit.path["proposal"], visit.form.reason)
        return "The proposal is withdrawn."

    return await visit.done(POLICIES, await visit.once(work))


_SHOPS = Page(path="/policies", show=show_shops, query=ShopsQuery)
_SHOP = Page(path="/policies/{vendor}", show=show_shop, query=ShopQuery)
_PROPOSAL = Page(path="/policies/proposals/{proposal}", show=show_proposal, query=ShopQuery)
PAGES = (
    _SHOPS,
    _PROPOSAL,
    Page(path="/policies/proposals/{proposal}/confirm", show=confirm, query=ShopQuery, form=Form, again=_PROPOSAL),
    Page(path="/policies/proposals/{proposal}/withdraw", show=withdraw, query=ShopQuery, form=WhyForm, again=_PROPOSAL),
    _SHOP,
    Page(path="/policies/{vendor}/preview", show=show_preview, query=ShopQuery, form=LimitsForm, again=_SHOP),
    Page(path="/policies/{vendor}/change", show=change, query=ShopQuery, form=LimitsForm, again=_SHOP),
)
