"""Who may do what: every route, asked by everybody about their own, about another's and about what nobody has.

`EXPECTED` is written by hand, and says what must be so; what the endpoints declare is compared with it, and so is what
they answer. An endpoint that has no line here fails.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from starlette.routing import Route

from shared import tokens
from shared.ids import uuid7, uuid_text
from shared.lifecycles import PersonState
from syncserver.api.app import ROUTES
from syncserver.api.rest.catalogue import ENDPOINTS
from syncserver.api.rest.endpoint import Endpoint
from syncserver.keys.access import issue
from syncserver.people.access import ACCESS_SECONDS, Caller, Role
from syncserver.wallets import accounts
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, customer, person

pytestmark = pytest.mark.anyio

OWN, OTHERS, UNKNOWN = "own", "another's", "unknown"
OWNERS = (OWN, OTHERS, UNKNOWN)
NOBODY = frozenset[str]()
HIS = frozenset({OWN})
ANY = frozenset(OWNERS)
DEVICE = {"deviceId": uuid_text(bytes(16))}
VENDOR = {"vendorId": uuid_text(bytes(16))}


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose ids each role may name at an endpoint.

    Attributes:
        whose: the name in the path that says whose it is; None where each role has all or nothing.
        public: whether it asks for no token, and so lets everybody through.
        inside: whether the handler itself refuses some of what the declaration lets through.
        body: one that has the right shape.
        customers_body: the one that customers send, where it is another.
        content: the same where it is no JSON, after its type.
        names: what the other names in the path are.
    """

    customer: frozenset[str] = NOBODY
    vendor: frozenset[str] = NOBODY
    admin: frozenset[str] = NOBODY
    superadmin: frozenset[str] = NOBODY
    whose: str | None = None
    public: bool = False
    inside: bool = False
    body: Any = None
    customers_body: Any = None
    content: tuple[str, bytes] | None = None
    query: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, role: Role) -> frozenset[str]:
        """The ids that a role may name."""
        return ANY if self.public else getattr(self, role.value)


def admins(**more: Any) -> Expected:
    """Admins alone, about anybody."""
    return Expected(admin=ANY, superadmin=ANY, **more)


def customers(**more: Any) -> Expected:
    """Customers about themselves, admins about anybody."""
    return admins(customer=HIS, whose="userId", **more)


def shops(**more: Any) -> Expected:
    """A shop's people about their shop, admins about any."""
    return admins(vendor=HIS, whose="vendorId", **more)


def people_about_themselves(**more: Any) -> Expected:
    """Everybody who has a token, with nobody's id in the path."""
    return admins(customer=ANY, vendor=ANY, **more)


SOMEBODY = {"login": "somebody", "password": "a long password"}
BECAUSE = {"reason": "because"}
EXPECTED = {
    "POST /home/register": Expected(
        public=True,
        body={
            **SOMEBODY,
            "name": "Some Body",
            "role": "customer",
            "lat": 594_000_000,
            "lon": 247_000_000,
            "currency": "EUR",
        },
    ),
    "GET /home/checkWaitingPeriod": people_about_themselves(),
    "GET /home/registrations": admins(),
    "POST /home/approve/{userId}": admins(),
    "POST /home/reject/{userId}": admins(body=BECAUSE),
    "POST /home/block/{userId}": admins(body=BECAUSE),
    "POST /home/unblock/{userId}": admins(),
    "POST /home/admins": Expected(
        superadmin=ANY, body={"login": "admin-2", "password": "a long password", "name": "Admin", "role": "admin"}
    ),
    "POST /auth/login": Expected(public=True, body=SOMEBODY),
    "POST /auth/refresh": Expected(public=True, body={"refreshToken": "x"}),
    "POST /auth/logout": Expected(public=True, body={"refreshToken": "x"}),
    "POST /auth/logout-everywhere": people_about_themselves(),
    "POST /auth/password": people_about_themselves(body={"oldPassword": "x", "newPassword": "a longer password"}),
    "GET /api/wallets/check-balance/{userId}": customers(),
    "POST /api/wallets/transfer-to-offline/{userId}": customers(body={"amount": "0.01"}),
    # A customer asks how to pay in; the cash desk takes money, though not an admin's own.
    "POST /api/wallets/add-money/{userId}": Expected(
        customer=HIS,
        admin=ANY - HIS,
        superadmin=ANY - HIS,
        whose="userId",
        inside=True,
        body={"amount": "0.01", "receipt": "cash 1"},
        customers_body={"amount": "0.01"},
    ),
    "POST /api/funding/import": admins(content=("text/csv", b"no statement")),
    "GET /api/funding/entries": admins(),
    "POST /api/funding/assign/{entryId}": admins(body={"wallet": "1234567897"}),
    "GET /api/wallets/get-codes/{userId}": customers(),
    "POST /api/wallets/issue-codes/{userId}": customers(body={"count": 1, "cap": "0.01"}),
    "POST /api/wallets/withdraw-codes/{userId}": customers(body={"series": uuid_text(uuid7(0, bytes(10)))}),
    "POST /api/wallets/render-vouchers/{userId}": customers(body={"vouchers": ["x"], "format": "svg"}),
    "GET /api/wallets/statement/{userId}": customers(),
    "POST /api/transactions/make-payment-online": Expected(
        customer=ANY, body={"vendorId": uuid_text(uuid7(0, bytes(10))), "amount": "0.01"}
    ),
    "GET /api/transactions/flagged-transactions": admins(),
    "GET /api/transactions/flagged-summary": admins(),
    "GET /api/transactions/review/{transactionId}": admins(),
    "POST /api/transactions/review/{transactionId}/ask": admins(body={"question": "What was sold?"}),
    "POST /api/transactions/bulk-reviews": admins(
        body={"decision": "reject", "count": 1, "filter": {}, "reason": "because"}
    ),
    "POST /api/transactions/bulk-reviews/{bulkId}/continue": admins(),
    "GET /api/transactions/bulk-reviews/{bulkId}": admins(),
    "GET /api/transactions/bulk-reviews/{bulkId}/payments": admins(),
    # Whose decision it is, is in the path; the handler holds it against the token.
    "POST /api/transactions/review-transaction/{adminId}/{transactionId}/{approval}": Expected(
        admin=HIS, superadmin=HIS, whose="adminId", inside=True, body=BECAUSE, names={"approval": "approve"}
    ),
    # Of another shop's payment, or of nobody's, no one learns that it is there: 404.
    "POST /api/transactions/refund/{transactionId}": admins(vendor=ANY, body=BECAUSE),
    "GET /api/transactions/history/{userId}": customers(),
    "GET /api/transactions/{transactionId}": people_about_themselves(),
    "POST /auth/second-factor": admins(),
    "POST /auth/second-factor/confirm": admins(body={"oneTimePassword": "000000"}),
    "POST /auth/second-factor/recovery-codes": admins(body={"oneTimePassword": "000000"}),
    "GET /auth/web-sessions": admins(),
    "POST /auth/web-sessions/{sessionId}/end": admins(),
    "GET /api/overview": admins(),
    "GET /api/overview/second": admins(),
    "GET /api/devices": admins(),
    "GET /api/devices/{deviceId}": admins(names=DEVICE),
    "POST /api/devices/enrolment-tokens": admins(body={"vendorId": uuid_text(bytes(16))}),
    "POST /api/devices/{deviceId}/quarantine": admins(body={"reason": "a strange journal"}, names=DEVICE),
    "POST /api/devices/{deviceId}/release": admins(names=DEVICE),
    "POST /api/devices/{deviceId}/revoke": admins(names=DEVICE),
    "GET /api/customers": admins(),
    "GET /api/customers/{customerId}": admins(names={"customerId": uuid_text(bytes(16))}),
    "POST /api/vendors": admins(body={"name": "Bakery", "lat": 0, "lon": 0, "currency": "EUR"}),
    "GET /api/vendors/{vendorId}/cashiers": admins(names=VENDOR),
    "POST /api/vendors/{vendorId}/cashiers": admins(
        body={"cashier": "ada", "name": "Ada", "role": "cashier", "pin": "290871"}, names=VENDOR
    ),
    "POST /api/vendors/{vendorId}/cashiers/remove": admins(body={"cashier": "ada"}, names=VENDOR),
    "GET /api/vendors": admins(),
    "GET /api/vendors/{vendorId}": shops(),
    "GET /api/vendors/{vendorId}/sales": shops(),
    "GET /api/vendors/{vendorId}/terminals": shops(),
    "GET /api/vendors/{vendorId}/exposure": shops(),
    "GET /api/vendors/{vendorId}/statement": shops(),
    "GET /api/vendors/{vendorId}/questions": shops(),
    # The shop answers for itself.
    "POST /api/vendors/{vendorId}/questions/{questionId}": Expected(
        vendor=HIS, whose="vendorId", body={"answer": "Two loaves."}
    ),
    "GET /api/vendors/{vendorId}/policy": shops(),
    "GET /api/vendors/{vendorId}/policy/versions": shops(),
    "POST /api/vendors/{vendorId}/policy/preview": admins(body={"changes": {"payment_limit": 1}}),
    "POST /api/vendors/{vendorId}/policy": admins(body={"changes": {"payment_limit": 1}, "reason": "because"}),
    "GET /api/policies/proposals": admins(),
    "GET /api/policies/proposals/{proposalId}": admins(),
    "GET /api/policies/proposals/{proposalId}/preview": admins(),
    "POST /api/policies/proposals/{proposalId}/confirm": admins(),
    "POST /api/policies/proposals/{proposalId}/withdraw": admins(body=BECAUSE),
    "GET /api/vendors/{vendorId}/payouts": shops(),
    "GET /api/vendors/{vendorId}/payout-accounts": shops(),
    "POST /api/vendors/{vendorId}/payout-accounts": admins(body={"account": "EE382200221020145685", "holder": "x"}),
    "POST /api/vendors/{vendorId}/payout-accounts/confirm": admins(body={"version": 1}),
    "GET /api/payout-accounts": admins(),
    "POST /api/payout-runs": admins(body={"currency": "EUR"}),
    "GET /api/payout-runs": admins(),
    "GET /api/payout-runs/{runId}": admins(),
    "POST /api/payout-runs/{runId}/approve": admins(),
    "POST /api/payout-runs/{runId}/cancel": admins(body=BECAUSE),
    "POST /api/payout-runs/{runId}/send": admins(body={}),
    "GET /api/payout-runs/{runId}/file": admins(),
    "GET /api/payouts": admins(),
    "GET /api/payouts/{payoutId}": admins(),
    "POST /api/payouts/{payoutId}/outcome/{outcome}": admins(body=BECAUSE, names={"outcome": "failed"}),
    "POST /api/vendors/{vendorId}/block": admins(),
    "POST /api/vendors/{vendorId}/unblock": admins(),
    "GET /api/payments": admins(),
    "GET /api/payments/count": admins(),
    "GET /api/payments/{transactionId}": admins(),
    "GET /api/search": admins(query={"q": "ada"}),
    "POST /api/vendors/{vendorId}/reconcile-day": admins(query={"day": "2026-11-26"}),
    "GET /api/vendors/{vendorId}/day-report": admins(query={"day": "2026-11-26"}),
    "GET /api/shifts": admins(),
    "GET /api/shifts/strays": admins(),
    "GET /api/shifts/{deviceId}/{shiftId}": admins(),
    "GET /api/shifts/{deviceId}/{shiftId}/records": admins(),
    "GET /api/shifts/{deviceId}/{shiftId}/evidence": admins(),
    "POST /api/shifts/{deviceId}/{shiftId}/decide/{verdict}": admins(body=BECAUSE, names={"verdict": "accept"}),
    "POST /api/shifts/{deviceId}/{shiftId}/write-off": admins(body=BECAUSE),
    "POST /api/shifts/{deviceId}/{shiftId}/take-back": admins(body=BECAUSE),
    "POST /api/shifts/{deviceId}/{shiftId}/resend": admins(),
    "POST /api/shifts/{deviceId}/{shiftId}/re-anchor": admins(body=BECAUSE),
    "GET /api/audit": admins(),
    "GET /api/audit/entries/{entryId}": admins(),
    "GET /api/audit/seals": admins(),
    "POST /api/audit/verify": admins(body={"latest": 10}),
}
WHILE_THEY_WAIT = {"GET /home/checkWaitingPeriod", "POST /auth/password", "POST /auth/logout-everywhere"}

# What asks for no token of a person; whoever bears one is treated like everybody.
WITHOUT_A_PERSON = {
    "/healthz", "/readyz", "/openapi.json", "/docs", "/docs/{name}", "/auth/token", "/api/devices/enrol",
}  # fmt: skip
# What asks for a terminal's token.
TERMINALS = {
    "/api/sync/batches": "POST",
    "/api/sync/book": "GET",
    "/api/sync/refunds": "POST",
    "/api/transactions/make-payment-offline": "POST",
}


def name_of(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.path}"


def test_every_route_has_its_line_and_every_line_its_route() -> None:
    assert {name_of(endpoint) for endpoint in ENDPOINTS} == set(EXPECTED)
    assert len({name_of(endpoint) for endpoint in ENDPOINTS}) == len(ENDPOINTS)
    paths = {route.path for route in ROUTES if isinstance(route, Route)}
    assert paths == {endpoint.path for endpoint in ENDPOINTS} | WITHOUT_A_PERSON | set(TERMINALS)


def declared(endpoint: Endpoint, role: Role) -> frozenset[str]:
    """What the declaration lets through."""
    if endpoint.roles is None:
        return ANY
    if role not in endpoint.roles:
        return NOBODY
    return ANY if endpoint.owner is None or role in {Role.ADMIN, Role.SUPERADMIN} else HIS


@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
def test_declarations_say_what_is_expected(endpoint: Endpoint) -> None:
    expected = EXPECTED[name_of(endpoint)]
    assert expected.public == (endpoint.roles is None)
    for role in Role:
        allowed, said = expected.of(role), declared(endpoint, role)
        assert allowed <= said if expected.inside else allowed == said, role
    if not expected.inside:
        assert endpoint.owner == expected.whose


@dataclass(frozen=True, slots=True)
class Cell:
    """One question: who asks about whose id."""

    asker: str
    role: Role | None
    headers: dict[str, str]
    owner: str
    id: str


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def not_valid(shop: Shop, caller: Caller, terminal: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What is no person's token here, and must open nothing."""
    services, audience = shop.services, tokens.audience(shop.services.server_id)
    claims = {"sub": uuid_text(caller.user_id), "role": caller.role.value, "state": "approved"}
    claims["session"] = uuid_text(uuid7(0, bytes(10)))
    good = person(shop, caller.role, caller.user_id, caller.vendor).headers["Authorization"].partition(" ")[2]
    yield "nobody", {}
    yield "a terminal", bearer(terminal)
    yield "basic", {"Authorization": f"Basic {good}"}
    yield "altered", bearer(good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"))
    yield "unsigned", bearer(good.rpartition(".")[0] + ".")
    past = shop.clock() - (ACCESS_SECONDS + 1) * 1_000
    yield "expired", bearer(issue(services.keys, audience, claims, past, ACCESS_SECONDS))
    elsewhere = tokens.audience(bytes(16))
    yield "of another server", bearer(issue(services.keys, elsewhere, claims, shop.clock(), ACCESS_SECONDS))
    odd: tuple[dict[str, str], ...] = (
        claims | {"role": "root"},
        claims | {"sub": "*"},
        {"sub": claims["sub"]},
        {name: value for name, value in claims.items() if name != "session"},
    )
    for number, one in enumerate(odd):
        yield f"odd {number}", bearer(issue(services.keys, audience, one, shop.clock(), ACCESS_SECONDS))


async def people(shop: Shop) -> dict[Role, Person]:
    """Somebody of each role; the vendor's person acts for the shop's vendor."""
    ada, _ = await customer(shop)
    everybody = {role: person(shop, role) for role in Role}
    return everybody | {Role.CUSTOMER: ada, Role.VENDOR: person(shop, Role.VENDOR, vendor=shop.vendor)}


def own_id(who: Person) -> str:
    return uuid_text(who.caller.vendor) if who.caller.vendor is not None else who.id


NAMES = (
    "userId", "vendorId", "transactionId", "adminId", "entryId", "runId", "payoutId", "deviceId", "shiftId",
    "questionId", "bulkId", "proposalId", "sessionId",
)  # fmt: skip


async def ask(shop: Shop, endpoint: Endpoint, cell: Cell) -> tuple[int, str | None]:
    expected = EXPECTED[name_of(endpoint)]
    names = dict.fromkeys(NAMES, uuid_text(uuid7(0, bytes(10))))
    names |= expected.names
    if expected.whose is not None:
        names[expected.whose] = cell.id
    headers = cell.headers | {"Idempotency-Key": os.urandom(8).hex()}
    if expected.content is not None:
        headers["Content-Type"] = expected.content[0]
    answer = await shop.http.request(
        endpoint.method,
        endpoint.path.format_map(names),
        headers=headers,
        params=expected.query,
        json=expected.customers_body if cell.role is Role.CUSTOMER and expected.customers_body else expected.body,
        content=expected.content[1] if expected.content is not None else None,
    )
    is_json = answer.headers.get("content-type", "").startswith("application/json")
    return answer.status_code, answer.json()["errorCode"] if is_json else None


# What is answered before an endpoint's own work begins.
SHUT = {
    "INVALID_TOKEN", "FORBIDDEN", "MALFORMED", "IDEMPOTENCY_KEY_REQUIRED", "UNSUPPORTED_MEDIA_TYPE", "NOT_FOUND",
    "METHOD_NOT_ALLOWED", "RATE_LIMITED",
}  # fmt: skip


def fits(allowed: bool, answered: tuple[int, str | None]) -> bool:
    """Whether somebody got as far as they may: past the gate whatever is found there, or not."""
    status, code = answered
    if allowed:
        return status < 500 and code not in SHUT
    return answered in {(403, "FORBIDDEN"), (403, "OWN_WALLET")}


@pytest.mark.parametrize("state", ["open", "blocked", "without a wallet"])
@pytest.mark.parametrize("endpoint", ENDPOINTS, ids=name_of)
async def test_each_cell(shop: Shop, endpoint: Endpoint, state: str) -> None:
    everybody = await people(shop)
    other, wallet = await customer(shop)
    others = dict.fromkeys(Role, other.id)
    if state == "blocked":
        for one in await shop.services.pool.fetch("SELECT wallet FROM wallet"):
            await accounts.block(shop.services, one["wallet"], blocked=True)
    elif state == "without a wallet":
        everybody[Role.CUSTOMER] = person(shop, Role.CUSTOMER)
    before = await shop.balances(wallet)
    expected = EXPECTED[name_of(endpoint)]
    wrong = []
    for role, who in everybody.items():
        ids = {OWN: own_id(who), OTHERS: others[role], UNKNOWN: uuid_text(bytes(15) + b"\7")}
        for owner in OWNERS:
            cell = Cell(role.value, role, who.headers, owner, ids[owner])
            allowed = owner in expected.of(role) if expected.whose is not None else bool(expected.of(role))
            answered = await ask(shop, endpoint, cell)
            if not fits(allowed, answered):
                wrong.append((role.value, owner, "may" if allowed else "may not", answered))
            if not allowed:
                assert await shop.balances(wallet) == before
            else:
                before = await shop.balances(wallet)
    assert wrong == []
    await shop.assert_reconciled()


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.roles is not None], ids=name_of)
async def test_who_is_not_approved_gets_in_nowhere_but_to_ask_how_long(standing_shop: Shop, endpoint: Endpoint) -> None:
    everybody = await people(standing_shop)
    wrong = []
    for role, who in everybody.items():
        who.caller = replace(who.caller, state=PersonState.WAITING)
        answered = await ask(standing_shop, endpoint, Cell(role.value, role, who.headers, OWN, own_id(who)))
        refused = {(403, "NOT_APPROVED"), (403, "FORBIDDEN")}
        if (answered in refused) == (name_of(endpoint) in WHILE_THEY_WAIT):
            wrong.append((role.value, answered))
    assert wrong == []


@pytest.mark.parametrize("endpoint", [one for one in ENDPOINTS if one.roles is not None], ids=name_of)
async def test_without_a_valid_token_nobody_gets_in(standing_shop: Shop, endpoint: Endpoint) -> None:
    everybody = await people(standing_shop)
    till = await standing_shop.terminal()
    wrong = []
    for who in everybody.values():
        for asker, headers in not_valid(standing_shop, who.caller, till.access):
            answered = await ask(standing_shop, endpoint, Cell(asker, None, headers, OWN, own_id(who)))
            if answered != (401, "INVALID_TOKEN"):
                wrong.append((asker, answered))
    assert wrong == []
    await standing_shop.assert_reconciled()


@pytest.mark.parametrize("role", list(Role))
async def test_a_persons_token_opens_nothing_of_terminals(shop: Shop, role: Role) -> None:
    who = replace(person(shop, role, vendor=shop.vendor if role is Role.VENDOR else None))
    for path, method in TERMINALS.items():
        headers = who.headers | {"Content-Type": "application/cbor"}
        answer = await shop.http.request(method, path, headers=headers)
        assert answer.status_code == 401
