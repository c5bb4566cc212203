"""Vouchers as pictures and cards to print: of one's own vouchers alone, and nothing secret in an address or a log."""

import io
from html.parser import HTMLParser

import httpx
import pytest
import segno

from shared import codes, vouchers
from shared.ids import uuid7
from shared.keys import SigningKey
from shared.vouchers import from_text, open_voucher, sign_voucher
from syncserver.people.access import Role
from tests.syncserver.kit import Shop
from tests.syncserver.rest.kit import person, refused
from tests.syncserver.rest.purse import Purse, codes_of, open_purse

pytestmark = pytest.mark.anyio


async def ask(purse: Purse, texts: object, form: str, **more: object) -> httpx.Response:
    """Have some vouchers drawn."""
    body = {"vouchers": texts, "format": form, **more}
    return await purse.owner.post(f"/api/wallets/render-vouchers/{purse.owner.id}", body)


def drawn(text: str, kind: str) -> bytes:
    """What a picture of a text must be."""
    file = io.BytesIO()
    segno.make_qr(text, error="m").save(file, kind=kind, scale=6)
    return file.getvalue()


class Page(HTMLParser):
    """What a sheet holds: its tags, and the texts on its cards."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self.paths: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [name for name, _ in attrs if name in {"src", "href"} or name.startswith("on")]
        if tag == "path":
            self.paths.append(dict(attrs)["d"] or "")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())


async def test_a_voucher_is_drawn_as_svg_and_as_png(shop: Shop) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(2)
    text = issued["codes"][1]["voucher"]
    for kind, media in (("svg", "image/svg+xml"), ("png", "image/png")):
        answer = await ask(purse, [text], kind)
        assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (200, media)
        assert answer.content == drawn(text, kind)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-content-type-options"] == "nosniff"
        for body in (
            {"texts": [one["voucher"] for one in issued["codes"]]},
            {"texts": [text], "codes": [issued["codes"][1]["code"]]},
        ):
            assert refused(await ask(purse, body.pop("texts"), kind, **body)) == (422, "MALFORMED")


@pytest.mark.parametrize("count", [1, 3, 10])
async def test_a_sheet_has_a_card_for_each_code(shop: Shop, count: int) -> None:
    purse = await open_purse(shop, name="<b>Maria &amp; 'Co'")
    issued = await purse.issue(count, cap="12.50")
    texts = [one["voucher"] for one in issued["codes"]]
    answer = await ask(purse, texts, "sheet", codes=[one["code"] for one in issued["codes"]])
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = Page(answer.text)
    assert page.tags.count("article") == count
    assert not {"script", "img", "link", "b", "iframe"} & set(page.tags)
    assert page.links == []
    assert "@page { size: A4" in answer.text
    assert page.words.count("<. &. '.") == count
    assert page.words.count(f"Wallet {purse.wallet}") == count
    assert page.words.count("up to 12.50 EUR") == count
    for one, path in zip(issued["codes"], page.paths, strict=True):
        assert one["code"] in page.words
        assert f'd="{path}"' in drawn(one["voucher"], "svg").decode()
    bare = Page((await ask(purse, texts, "sheet")).text)
    assert bare.paths == page.paths
    assert not any(one["code"] in bare.words for one in issued["codes"])


async def test_a_card_has_the_code_of_its_voucher_however_it_is_typed(shop: Shop) -> None:
    purse = await open_purse(shop)
    issued = await purse.issue(2)
    (one, two), texts = codes_of(issued), [entry["voucher"] for entry in issued["codes"]]
    typed = [f" {one.code.lower()} ", f"{two.code[:4]} {two.code[4:]}"]
    words = Page((await ask(purse, texts, "sheet", codes=typed)).text).words
    assert {codes.grouped(one.code), codes.grouped(two.code)} <= set(words)
    swapped = await ask(purse, texts, "sheet", codes=[two.code, one.code])
    assert refused(swapped) == (422, "CODE_MISMATCH")
    assert one.code not in swapped.text
    assert refused(await ask(purse, texts, "sheet", codes=[one.code])) == (422, "MALFORMED")
    for code in ("", "1234567", "<script>", "\u0661" * 8, "7KQ2M9XU"):
        answer = await ask(purse, texts[:1], "sheet", codes=[code])
        assert refused(answer) == (422, "INVALID_CODE")


async def test_only_vouchers_of_this_server_and_this_wallet_are_drawn(shop: Shop) -> None:
    ada, eve = await open_purse(shop), await open_purse(shop)
    text = (await ada.issue(1))["codes"][0]["voucher"]
    raw = from_text(text)
    voucher = open_voucher(raw, shop.services.keys.by_kid())
    forged = vouchers.to_text(sign_voucher(voucher, SigningKey.from_seed(bytes(range(32)))))
    damaged = vouchers.to_text(raw[:-1] + bytes([raw[-1] ^ 1]))
    for texts in (
        [forged],
        [damaged],
        [text[:-4]],
        ["TS1:"],
        [""],
        ["https://evil"],
        ["TS1:" + "\u0000" * 9],
        ["TS1:\u00e4\u00f6"],
        ["TS1:" + "0" * 1_990],
    ):
        for form in ("svg", "png", "sheet"):
            assert refused(await ask(ada, texts, form)) == (422, "INVALID_VOUCHER"), texts
    assert refused(await ask(ada, [text, forged], "sheet")) == (422, "INVALID_VOUCHER")
    assert refused(await ask(eve, [text], "png")) == (422, "INVALID_VOUCHER"), "another's, told no differently"
    path = f"/api/wallets/render-vouchers/{ada.owner.id}"
    body = {"vouchers": [text], "format": "png"}
    for other in (eve.owner, person(shop, Role.VENDOR, vendor=ada.vendor)):
        assert refused(await other.post(path, body)) == (403, "FORBIDDEN")
    assert (await person(shop, Role.ADMIN).post(path, body)).status_code == 200
    nobody = person(shop, Role.CUSTOMER, uuid7(shop.clock(), bytes(10)))
    assert refused(await nobody.post(f"/api/wallets/render-vouchers/{nobody.id}", body)) == (404, "UNKNOWN_WALLET")


async def test_what_is_no_request_for_a_picture_is_refused_without_repeating_it(shop: Shop) -> None:
    purse = await open_purse(shop)
    entry = (await purse.issue(1))["codes"][0]
    path = f"/api/wallets/render-vouchers/{purse.owner.id}"
    for body in (
        {},
        {"vouchers": [], "format": "sheet"},
        {"vouchers": [entry["voucher"]] * 11, "format": "sheet"},
        {"vouchers": [entry["voucher"]], "format": "pdf"},
        {"vouchers": [entry["voucher"] * 20], "format": "svg"},
        {"vouchers": entry["voucher"], "format": "svg"},
        {"vouchers": [entry["voucher"]], "format": "sheet", "codes": [entry["code"]] * 2},
        {"vouchers": [entry["voucher"]], "format": "sheet", "codes": ["x" * 65]},
        {"vouchers": [entry["voucher"]], "format": "sheet", "codes": None},
        {"vouchers": [None], "format": "sheet", "codes": [entry["code"]]},
        {"vouchers": [entry["voucher"]], "format": "svg", "more": entry["code"]},
    ):
        answer = await purse.owner.post(path, body)
        assert refused(answer) == (422, "MALFORMED"), body
        assert entry["code"] not in answer.text
        assert entry["voucher"] not in answer.text
    headers = {**purse.owner.headers, "Content-Type": "application/json"}
    lone = b'{"format": "sheet", "vouchers": ["\\ud800"]}'
    assert refused(await shop.http.post(path, content=lone, headers=headers))[0] == 422
    assert refused(await shop.http.post(path, content=b"{}", headers=purse.owner.headers))[0] == 415


async def test_nothing_of_a_drawing_is_logged(shop: Shop, capfd: pytest.CaptureFixture[str]) -> None:
    purse = await open_purse(shop)
    entry = (await purse.issue(1))["codes"][0]
    await ask(purse, [entry["voucher"]], "sheet", codes=[entry["code"]])
    await ask(purse, [entry["voucher"]], "sheet", codes=["00000000"])
    await ask(purse, [entry["voucher"][:-9]], "svg")
    logged = "".join(capfd.readouterr())
    for secret in (entry["code"], entry["code"].replace("-", ""), entry["voucher"][4:60]):
        assert secret not in logged
