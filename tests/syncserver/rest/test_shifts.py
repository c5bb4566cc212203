"""Shifts over REST: both halves, decisions that take two, files that no spreadsheet runs."""

import asyncio
import csv
import io
import re
import zlib

import httpx
import pytest

from shared.ids import uuid_text
from syncserver.people.access import Role
from syncserver.registry import devices
from tallystick.verification.check import check
from tallystick.verification.trust import Origin, Trust
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import Person, data, person, refused
from tests.syncserver.rest.test_refunds import set_services
from tests.syncserver.shifts.kit import Worked, work

pytestmark = pytest.mark.anyio
DAY = "2026-11-21"


async def worked(
    shop: Shop, *, gap: bool = False, close: tuple[int, int] | None = None, name: str = "till 1"
) -> Worked:
    found = await work(shop, await shop.codes(await shop.customer(), 2, 2_000), (500, 700), close=close, name=name)
    await found.till.upload(*(raw for raw in found.raws if not gap or raw != found.raws[2]))
    return found


def path(found: Worked, rest: str = "") -> str:
    return f"/api/shifts/{uuid_text(found.till.device)}/{uuid_text(found.shift)}{rest}"


async def decide(
    admin: Person, found: Worked, verdict: str, reason: str | None = None, *, key: str | None = None, **more: str
) -> httpx.Response:
    return await admin.post(path(found, f"/decide/{verdict}"), {"reason": reason, **more}, key=key)


async def test_a_list_has_both_halves_and_the_difference(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await worked(shop, name="good")
    odd = await worked(shop, close=(2, 1_500), name="odd")
    page = data(await admin.get("/api/shifts"))
    first, second = page["shifts"]
    assert (first["device"], first["exceptions"], first["state"]) == ("odd", ["DIFFERS"], "disputed")
    assert (first["claim"]["text"], first["received"]["total"]["text"], first["difference"]["text"]) == (
        "15.00 EUR",
        "12.00",
        "3.00",
    )
    assert (second["device"], second["matches"], second["exceptions"]) == ("good", True, [])
    assert page["next"] is None
    for query, count in (
        ({"day": DAY}, 2),
        ({"day": "2026-11-20"}, 0),
        ({"vendor": uuid_text(shop.vendor)}, 2),
        ({"device": uuid_text(odd.till.device)}, 1),
        ({"state": "disputed"}, 1),
        ({"exceptionsOnly": "true"}, 1),
    ):
        assert len(data(await admin.get("/api/shifts", **query))["shifts"]) == count, query
    one = data(await admin.get("/api/shifts", limit="1"))
    two = data(await admin.get("/api/shifts", limit="1", cursor=one["next"]))
    assert [one["shifts"][0]["device"], two["shifts"][0]["device"], two["next"]] == ["odd", "good", None]


async def test_odd_questions_are_refused(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    for query in (
        {"day": "2026-13-01"},
        {"day": "20261101xx"},
        {"vendor": "x"},
        {"cursor": "x"},
        {"cursor": "MSAxIDIgMyA0"},
        {"state": "lost"},
        {"limit": "0"},
    ):
        assert refused(await admin.get("/api/shifts", **query)) == (422, "MALFORMED"), query
    found = await worked(shop)
    assert refused(await admin.get(path(found), epoch="7")) == (404, "UNKNOWN_SHIFT")
    assert refused(await admin.get(path(found, "/records"), cursor="x")) == (422, "MALFORMED")
    assert refused(await decide(admin, found, "accept", " ")) == (422, "REASON_REQUIRED")
    assert refused(await decide(admin, found, "accept", "x" * 200)) == (422, "MALFORMED")
    assert refused(await decide(admin, found, "forgive", "x")) == (422, "MALFORMED")
    assert refused(await admin.post(path(found, "/resend"))) == (409, "NOTHING_MISSING")


async def test_a_decision_is_made_once_and_kept_with_who_and_why(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    shown = data(await admin.get(path(found)))
    assert (shown["shift"]["exceptions"], shown["decisions"]) == (["MISSING"], [])
    assert shown["shift"]["received"]["missing"] == [[3, 3]]
    assert refused(await decide(admin, found, "reconcile")) == (409, "SHIFT_EXCEPTIONS")
    asked = data(await admin.post(path(found, "/resend")))
    assert asked == {"missing": [[3, 3]], "asked": "with the next receipt"}
    assert refused(await decide(admin, found, "accept", "lost", version="0" * 32)) == (409, "SHIFT_CHANGED")
    version = shown["shift"]["version"]
    first = data(await decide(admin, found, "accept", "lost", key="k", version=version))
    assert (first["state"], first["reconciledAt"]) == ("reconciled", shop.clock.now)
    assert data(await decide(admin, found, "accept", "lost", key="k", version=version)) == first
    assert refused(await decide(admin, found, "accept", "lost")) == (409, "SHIFT_STATE")
    happened = data(await admin.get(path(found)))["decisions"]
    assert [(one["action"], one["actor"], one["reason"], one["done"]) for one in happened] == [
        ("resend", f"admin {admin.id}", None, True),
        ("accept", f"admin {admin.id}", "lost", True),
    ]
    assert (happened[1]["stake"]["text"], happened[1]["said"]) == (
        "7.00",
        "close 2, 12.00 EUR; here 1, 5.00 EUR, 1 records missing",
    )
    await shop.assert_reconciled()


async def test_above_an_amount_two_must_accept_the_same_figures(shop: Shop) -> None:
    set_services(shop, two_person_amount=5)
    ada, bob = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    waiting = await decide(ada, found, "accept", "lost")
    assert (waiting.status_code, data(waiting, 202)["state"]) == (202, "closed")
    assert data(await decide(ada, found, "accept", "lost"), 202)["state"] == "closed", "one person is no two"
    await found.till.upload(found.raws[2][:-1] + bytes([found.raws[2][-1] ^ 1]))  # refused: changes nothing
    done = data(await decide(bob, found, "accept", "lost"))
    assert done["state"] == "reconciled"
    happened = data(await bob.get(path(found)))["decisions"]
    assert [(one["actor"], one["done"]) for one in happened] == [
        (f"admin {ada.id}", False),
        (f"admin {ada.id}", False),
        (f"admin {bob.id}", True),
    ]
    small = await worked(shop, close=(2, 1_201), name="a cent")
    assert data(await decide(ada, small, "accept", "a cent"))["state"] == "reconciled"


async def test_a_lost_tills_shift_is_closed_by_two_admins_above_an_amount(shop: Shop) -> None:
    set_services(shop, two_person_amount=5)
    ada, bob = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    found = await work(shop, await shop.codes(await shop.customer(), 2, 2_000), (500, 700))
    await found.till.upload(*found.raws[:3])
    assert refused(await decide(ada, found, "close", "stolen")) == (409, "SHIFT_TILL_LIVES")
    await devices.revoke(shop.services, found.till.device)
    assert refused(await decide(ada, found, "close")) == (422, "REASON_REQUIRED")
    waiting = data(await decide(ada, found, "close", "stolen"), 202)
    assert (waiting["state"], waiting["tillGone"]) == ("open", True)
    done = data(await decide(bob, found, "close", "stolen", version=waiting["version"]))
    assert (done["state"], done["claim"], done["exceptions"]) == ("reconciled", None, [])
    happened = data(await ada.get(path(found)))["decisions"]
    assert [(one["action"], one["done"], one["after"]) for one in happened] == [
        ("close", False, "open"),
        ("close", True, "reconciled"),
    ]
    assert b"reconciled" in (await ada.get("/api/shifts", format="csv")).content
    assert (await ada.get(path(found, "/evidence"))).status_code == 200
    await shop.assert_reconciled()


async def test_two_admins_at_once_decide_once(shop: Shop) -> None:
    found = await worked(shop)
    admins = [person(shop, Role.ADMIN) for _ in range(4)]
    answers = await asyncio.gather(*(decide(admin, found, "reconcile") for admin in admins))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]


async def test_a_token_for_a_new_epoch_is_shown_once_and_needs_a_reason(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    assert refused(await admin.post(path(found, "/re-anchor"), {"reason": ""})) == (422, "REASON_REQUIRED")
    made = data(await admin.post(path(found, "/re-anchor"), {"reason": "its disk is broken"}))
    assert (made["epoch"], made["hours"]) == (2, 24)
    happened = await admin.get(path(found))
    assert made["token"] not in happened.text
    assert await shop.services.pool.fetchval("SELECT count(*) FROM once WHERE answer::text LIKE '%token%'") == 0


async def test_a_day_of_a_shop_at_once(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    day = f"/api/vendors/{uuid_text(shop.vendor)}/reconcile-day?day={DAY}"
    await worked(shop, name="good")
    bad = await worked(shop, gap=True, name="bad")
    answer = await admin.post(day)
    assert refused(answer) == (409, "DAY_NOT_MATCHING")
    assert "bad" in answer.json()["message"]
    await bad.till.upload(bad.raws[2])
    assert data(await admin.post(day, key="day")) == {"day": DAY, "reconciled": 2, "shifts": 2}
    assert data(await admin.post(day, key="day")) == {"day": DAY, "reconciled": 2, "shifts": 2}
    assert data(await admin.post(day)) == {"day": DAY, "reconciled": 0, "shifts": 2}
    assert refused(await admin.post(day[:-2] + "99")) == (422, "MALFORMED")


async def test_records_show_both_halves_page_by_page(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    one = data(await admin.get(path(found, "/records"), limit="2"))
    two = data(await admin.get(path(found, "/records"), limit="2", cursor=one["next"]))
    assert (one["missing"], two["next"]) == ([[3, 3]], None)
    records = one["records"] + two["records"]
    assert [record["raw"] for record in records] == [found.raws[place].hex() for place in (0, 1, 3)]
    assert [(record["says"]["type"], record["status"], record["now"]) for record in records] == [
        ("shift_open", "recorded", None),
        ("payment", "settled", "settled"),
        ("shift_close", "recorded", None),
    ]
    assert records[2]["says"]["total"] == 1_200


async def test_no_spreadsheet_runs_what_a_till_or_a_shop_is_called(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    till = await shop.terminal(name="=HYPERLINK(1)")
    raws = [till.open_shift()]
    raws.append(till.pay((await shop.codes(await shop.customer(), 1))[0], 100)[1])
    await till.upload(*raws, till.close_shift(1, 100))
    found = Worked(till, raws, [])
    answer = await admin.get("/api/shifts", format="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert row["device"] == "'=HYPERLINK(1)"
    assert (row["claimed_total"], row["received_total"], row["difference"]) == ("1.00", "1.00", "0.00")
    rows = list(csv.DictReader(io.StringIO((await admin.get(path(found, "/records"), format="csv")).text)))
    assert [one["type"] for one in rows] == ["shift_open", "payment", "shift_close"]
    assert all(cell[:1] not in ("=", "+", "@") for one in rows for cell in one.values())


async def test_what_has_no_place_is_shown_with_its_bytes(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    found = await worked(shop)
    broken = found.raws[1][:-1] + bytes([found.raws[1][-1] ^ 1])
    await found.till.upload(broken, b"\xd2 nothing")
    page = data(await admin.get("/api/shifts/strays"))
    assert {one["reason"] for one in page["strays"]} == {"BAD_SIGNATURE", "BAD_RECORD"}
    by_reason = {one["reason"]: one for one in page["strays"]}
    assert by_reason["BAD_SIGNATURE"]["raw"] == broken.hex()
    assert by_reason["BAD_SIGNATURE"]["says"]["amount"] == 500
    assert by_reason["BAD_RECORD"]["says"] is None
    one = data(await admin.get("/api/shifts/strays", limit="1"))
    two = data(await admin.get("/api/shifts/strays", limit="1", cursor=one["next"]))
    assert {one["strays"][0]["link"], two["strays"][0]["link"]} == {entry["link"] for entry in page["strays"]}
    other = data(await admin.get("/api/shifts/strays", device=uuid_text(bytes(16))))
    assert other == {"strays": [], "next": None}


def words_of(pdf: bytes) -> str:
    """The texts that a PDF shows, line by line."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    shown = b" ".join(zlib.decompress(one) for one in streams if one[:1] == b"x")
    return b" ".join(re.findall(rb"\((.*?)\) Tj", shown)).decode("latin-1").replace("\\", "")


async def test_a_day_on_paper_can_be_read(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    await worked(shop, name="Kassa Šõ € 一")
    bad = await worked(shop, gap=True, name="bad till")
    data(await decide(admin, bad, "dispute", "where is it?"))
    answer = await admin.get(f"/api/vendors/{uuid_text(shop.vendor)}/day-report", day=DAY)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF-")
    said = words_of(answer.content)
    for text in (
        "Corner Shop: shifts of 2026-11-21",
        "2 shifts, 1 with exceptions",
        "Expected by the tills' closes: 24.00 EUR. Received: 17.00 EUR.",
        "Difference: 7.00 EUR",
        "Exceptions: MISSING DISPUTED. 1 records missing",
        "where is it?",
        "Kassa S",
    ):
        assert text in said, (text, said)
    empty = await admin.get(f"/api/vendors/{uuid_text(shop.vendor)}/day-report", day="2026-11-20")
    assert "No shift ended on this day" in words_of(empty.content)


async def test_a_shifts_evidence_is_a_file_that_verify_takes(shop: Shop) -> None:
    admin = person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    answer = await admin.get(path(found, "/evidence"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/cbor")
    report = check(answer.content, Trust(shop.services.keys.by_kid(), origin=Origin.GIVEN))
    assert report.ok, report.problems
    assert "missing: seq 3" in report.summary
    assert refused(await admin.get(path(found, "/evidence"), epoch="9")) == (404, "UNKNOWN_SHIFT")


async def test_a_write_off_takes_two_above_an_amount_and_is_made_once(shop: Shop) -> None:
    set_services(shop, two_person_amount=5)
    ada, bob = person(shop, Role.ADMIN), person(shop, Role.ADMIN)
    found = await worked(shop, gap=True)
    off = path(found, "/write-off")
    assert refused(await ada.post(off, {})) == (422, "REASON_REQUIRED")
    assert data(await ada.post(off, {"reason": "lost"}), 202)["state"] == "closed"
    assert await shop.vendor_balance() == 500
    done = data(await bob.post(off, {"reason": "lost"}, key="once"))
    assert data(await bob.post(off, {"reason": "lost"}, key="once")) == done
    assert (done["state"], await shop.vendor_balance()) == ("reconciled", 1_200)
    assert refused(await ada.post(off, {"reason": "lost"})) == (409, "SHIFT_STATE")
    assert refused(await ada.post(path(found, "/take-back"), {"reason": "it came"})) == (409, "NOTHING_TO_TAKE_BACK")
    lines = data(await ada.get(f"/api/vendors/{uuid_text(shop.vendor)}/statement"))["lines"]
    moved = {(line["cause"], line["amount"]["minor"]) for line in lines}  # at one moment of the test's clock
    assert moved == {("write_off", 700), ("claim", 500)}
    await shop.assert_reconciled()
