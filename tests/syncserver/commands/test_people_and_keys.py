"""`server admin …` and `server keys …`, beside running servers."""

import json
from pathlib import Path

import pytest

from shared import cose
from shared.messages.receipt import open_receipt
from tests.conftest import short_folder
from tests.syncserver.kit import HOUR, Shop
from tests.syncserver.processes import Site, beside, eventually, made_site

pytestmark = pytest.mark.anyio


async def test_an_admin_is_made_with_a_password_that_no_argument_holds(site: Site, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("a long enough password\nnot this line\n", encoding="utf-8")
    made = site.ask("admin", "create", "--login", "Root", "--role", "superadmin", "--password-file", str(secret))
    assert (set(made), made["role"]) == ({"userId", "role"}, "superadmin")
    short = tmp_path / "short"
    short.write_text("short", encoding="utf-8")
    taken, shown, weak, unknown = site.commands(
        ["admin", "create", "--login", "root", "--password-file", str(secret)],
        ["admin", "create", "--login", "eve", "--password", "on the command line"],
        ["admin", "create", "--login", "eve", "--password-file", str(short)],
        ["admin", "block", "nobody"],
    )
    assert (taken[0], "LOGIN_TAKEN" in taken[2]) == (1, True)
    assert shown[0] == 2
    assert (weak[0], "INVALID_PASSWORD" in weak[2]) == (1, True)
    assert (unknown[0], "UNKNOWN_PERSON" in unknown[2]) == (1, True)
    (one,) = [one for one in site.ask("admin", "list")["admins"] if one["userId"] == made["userId"]]
    assert one == {
        "userId": made["userId"],
        "login": "root",
        "name": "Root",
        "role": "superadmin",
        "state": "approved",
        "madeBy": None,
    }
    assert site.ask("admin", "vouch", "root") == {"login": "root", "vouched": True}
    server = site.run()
    async with server.client() as http:

        async def log_in(password: str) -> int:
            return (await http.post("/auth/login", json={"login": "ROOT", "password": password})).status_code

        assert await log_in("a long enough password") == 200
        assert site.ask("admin", "block", "root", "--reason", "left") == {"login": "root", "blocked": True}
        assert await log_in("a long enough password") == 403
        site.ask("admin", "block", "root", "--undo")
        secret.write_text("another long password", encoding="utf-8")
        site.ask("admin", "password", "root", "--password-file", str(secret))
        assert await log_in("a long enough password") == 401
        assert await log_in("another long password") == 200
    assert server.stop() == 0
    assert "long" not in site.log.read_text(encoding="utf-8")


async def test_running_servers_take_up_a_new_key_without_a_restart() -> None:
    with short_folder() as folder, made_site(folder / "home") as site, beside(site):
        site.ask("init")
        servers = [site.run(), site.run()]
        (old,) = site.ask("keys", "list")["keys"]
        assert old["state"] == "signs"
        made = site.ask("keys", "rotate")
        assert made["signsFrom"] > old["createdAt"] + 95 * HOUR
        again = site.command("keys", "rotate")
        assert (again.returncode, "KEY_ROTATION" in again.stderr) == (1, True)
        assert [key["state"] for key in site.ask("keys", "list")["keys"]] == ["published", "signs"]
        trusted = json.loads((site.home / "trust.json").read_text())["server_keys"]
        assert [key["kid"] for key in trusted] == [made["kid"], old["kid"]]
        for server in servers:
            async with site.shop(server) as shop:
                await _takes_up(shop, old["kid"], made["kid"])
        revoked = site.ask("keys", "revoke", made["kid"])
        assert (revoked["revoked"], revoked["signs"] in (old["kid"], made["kid"])) == (made["kid"], False)
        assert [key["state"] for key in site.ask("keys", "list")["keys"]] == ["signs", "revoked", "believed"]
        trusted = json.loads((site.home / "trust.json").read_text())["server_keys"]
        assert [key["kid"] for key in trusted] == [revoked["signs"], old["kid"]]
        for wrong in (made["kid"], "zz"):
            assert "UNKNOWN_SIGNING_KEY" in site.command("keys", "revoke", wrong).stderr
        for server in servers:
            assert server.stop() == 0


async def _takes_up(shop: Shop, old: str, made: str) -> None:
    """A server's books tell the new key before it signs, and then it signs, without anybody telling the server."""
    till = await shop.terminal()

    async def told() -> bool:
        page = await till.pull()
        till.server_keys = {key.kid: key.key for key in page.server_keys}
        return {key.kid.hex() for key in page.server_keys} == {old, made}

    await eventually(told)
    (code,) = await shop.codes(await shop.customer(), 1, 5_000)
    raw = till.pay(code, 100)[1]
    # The time has come, as far as the database says.
    moment = "UPDATE server_key SET signs_from = created_at + 1 WHERE kid = $1"
    await shop.services.pool.execute(moment, bytes.fromhex(made))

    async def signs() -> bool:
        answer = await till.send(till.batch([raw]))
        assert open_receipt(answer.content, till.server_keys)
        return cose.parse(answer.content).kid == bytes.fromhex(made)

    await eventually(signs)
