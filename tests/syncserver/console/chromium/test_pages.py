"""Every page in a real browser: nothing foreign runs, it fits a phone, and everybody can use it."""

import re

import pytest

from shared.ids import uuid_text
from shared.journal import ShiftOpen
from syncserver.console.page import PREFIX
from syncserver.console.routes import PAGES
from syncserver.people.access import Role
from tests.syncserver.console.chromium.kit import Office, Seat
from tests.syncserver.kit import Shop
from tests.syncserver.payouts.kit import Office as PayingOffice
from tests.syncserver.rest.kit import data, person
from tests.syncserver.rest.people import register
from tests.syncserver.rest.statements import Row, camt, open_accounts, upload

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(600)]
EVIL = "<img src=x onerror=alert(1)><script>alert(2)</script>'\"=1+1"


async def fill(shop: Shop) -> dict[str, str]:
    """Something of everything, with names that would run if a page let them; the ids that addresses name."""
    terminal = await shop.terminal(name=EVIL[:60])
    codes = await shop.codes(await shop.customer())
    opened = ShiftOpen(**(terminal.common() | {"cashier": EVIL[:60]}), opening_float=0)
    raws = [terminal.add(opened), terminal.pay(codes[0], 700)[1], terminal.pay(codes[0], 300, cashier=EVIL[:60])[1]]
    wrong, raw = terminal.pay(codes[1], 200)
    raws += [raw, terminal.void(wrong, reason=EVIL[:60], approver=EVIL[:60])]
    await terminal.upload(*raws)
    await terminal.pull()
    await register(shop, "juri", name=EVIL[:100])
    await open_accounts(shop)
    entry = Row(text="for &lt;b&gt;Maria&lt;/b&gt;", payer="&lt;script&gt;alert(3)&lt;/script&gt;")
    await upload(person(shop, Role.ADMIN), camt(entry))
    paying = PayingOffice(shop, person(shop, Role.ADMIN), person(shop, Role.ADMIN), await shop.customer())
    await paying.account(shop.vendor, holder=EVIL[:60])
    await paying.sell(1_250)
    payout = await paying.sent()
    customer = await shop.services.pool.fetchval("SELECT customer::text FROM wallet LIMIT 1")
    admin = person(shop, Role.ADMIN)
    flagged = await shop.services.pool.fetchrow("SELECT wallet, payment::text FROM payment WHERE state = 'FLAGGED'")
    assert flagged is not None
    await admin.post(f"/api/transactions/review/{flagged['payment']}/ask", {"question": EVIL})
    every = {"decision": "reject", "count": 1, "filter": {}, "reason": EVIL[:60]}
    bulk = data(await admin.post("/api/transactions/bulk-reviews", every))["bulkId"]
    looser = {"changes": {"payment_limit": 50_000}, "reason": EVIL[:60]}
    proposal = data(await admin.post(f"/api/vendors/{uuid_text(shop.vendor)}/policy", looser), 202)["proposalId"]
    return {"device": uuid_text(terminal.device), "vendor": uuid_text(shop.vendor), "customer": customer} | {
        "payout": payout["payoutId"],
        "run": payout["runId"],
        "payment": flagged["payment"],
        "wallet": flagged["wallet"],
        "bulk": bulk,
        "proposal": proposal,
        "shift": uuid_text(terminal.shift),
        "entry": await shop.services.pool.fetchval("SELECT id::text FROM audit LIMIT 1"),
    }


def pages(ids: dict[str, str]) -> dict[str, str]:
    """The address of every page that only shows, by its path: whoever adds one names what its address names."""
    shown = [page.path for page in PAGES if not page.changes and page.signed_in]
    found = {path: PREFIX + path.format_map(ids) for path in shown}
    return found | {"/nowhere": f"{PREFIX}/nowhere"}


def file_name(path: str) -> str:
    """What a picture of a page is called."""
    return re.sub(r"\W+", "-", path).strip("-") or "home"


async def look(seat: Seat, name: str, path: str) -> list[str]:
    """What is wrong with a page as it is; a file is none."""
    answer = await seat.context.request.get(seat.url + path)
    if not answer.headers["content-type"].startswith("text/html"):
        return []
    await seat.go(path)
    wrong = [f"{name}: {finding}" for finding in await seat.findings()]
    if await seat.overflow() > 0:
        wrong.append(f"{name}: {await seat.overflow()} pixels too wide")
    return wrong


async def test_every_page_serves_everybody_and_runs_nothing_foreign(shop: Shop, office: Office) -> None:
    found = pages(await fill(shop))
    seat = await office.seat("ada")
    wrong = []
    for name, path in found.items():
        wrong += await look(seat, f"wide {name}", path)
        await seat.keep_picture(f"{file_name(name)}-wide")
    await seat.page.set_viewport_size({"width": 360, "height": 740})
    await seat.page.emulate_media(color_scheme="dark")
    for name, path in found.items():
        wrong += await look(seat, f"narrow and dark {name}", path)
        await seat.keep_picture(f"{file_name(name)}-narrow")
    assert wrong == []
    assert seat.said == []


async def test_pages_before_signing_in_serve_everybody(office: Office) -> None:
    seat = await office.seat()
    assert await look(seat, "sign in", "/console/sign-in") == []
    await seat.keep_picture("sign-in")
    assert seat.said == []


async def test_everything_works_without_a_script(shop: Shop, office: Office) -> None:
    await shop.terminal()
    seat = await office.seat("ada", script=False)
    await seat.page.get_by_role("link", name="Devices").click()
    await seat.page.get_by_role("link", name="till 1").click()
    await seat.page.get_by_label("Quarantine it, because").fill("stolen")
    await seat.page.get_by_role("button", name="Quarantine").click()
    assert "The terminal is quarantined" in await seat.text()


async def test_the_first_page_changes_while_it_is_open(shop: Shop, office: Office) -> None:
    terminal = await shop.terminal()
    codes = await shop.codes(await shop.customer())
    seat = await office.seat("ada")
    flagged = seat.page.locator("a.tile", has_text="flagged payment").locator("strong")
    assert await flagged.inner_text() == "0"
    await terminal.log_in()
    await terminal.upload(terminal.open_shift(), terminal.pay(codes[0], 700)[1], terminal.pay(codes[0], 300)[1])
    await seat.page.locator("a.tile.bad strong", has_text="1").wait_for()
    assert await flagged.inner_text() == "1"
    assert seat.said == []


async def test_a_form_of_another_site_changes_nothing(shop: Shop, office: Office) -> None:
    terminal = await shop.terminal()
    seat = await office.seat("ada")
    address = f"{office.url}/console/devices/{uuid_text(terminal.device)}/revoke"
    page = f'<form method="post" action="{address}"><input name="once" value="x"><button>Win</button></form>'
    # Another origin, which the browser has cookies of this one beside.
    await seat.context.route("http://evil.test/", lambda route: route.fulfill(body=page, content_type="text/html"))
    await seat.page.goto("http://evil.test/")
    await seat.page.get_by_role("button", name="Win").click()
    assert "not sent by a page of this server" in await seat.text()
    state = await shop.services.pool.fetchval("SELECT revoked_at FROM device")
    assert state is None


async def test_by_the_keyboard_alone_a_terminal_is_enrolled(office: Office) -> None:
    seat = await office.seat("ada")
    await seat.go("/console/devices")
    await seat.page.keyboard.press("n")
    await seat.page.wait_for_url("**/console/devices/new")
    await seat.page.locator("#f-vendor").focus()
    for _ in range(3):
        await seat.page.keyboard.press("Tab")
    await seat.page.keyboard.press("Enter")
    await seat.page.locator("#token").wait_for()
    token = await seat.page.inner_text("#token")
    assert re.fullmatch(r"[\w-]+\.[0-9a-f]{16}", token)
    await seat.keep_picture("token")
    assert seat.said == []
