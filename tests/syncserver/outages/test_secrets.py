"""What somebody finds who takes the database or the logs, and not the key-encryption key: nothing to spend with."""

import subprocess
from pathlib import Path

import pytest

from shared import codes
from syncserver.keys.signing import load_identity
from syncserver.keys.wrapping import KeyEncryptionKey, load_key
from syncserver.postgres import EmbeddedPostgres
from syncserver.registry import vendors
from tests.syncserver.processes import Site, eventually, superuser
from tests.syncserver.rest.people import PASSWORD, log_in, refresh, registration

pytestmark = pytest.mark.anyio


def spellings(secret: bytes | str) -> list[bytes]:
    """A secret as its bytes, in hex, and as a code is typed."""
    if isinstance(secret, str):
        return [secret.encode(), codes.grouped(secret).encode() if len(secret) == 8 else secret.encode()]
    return [secret, secret.hex().encode()]


async def test_neither_the_database_nor_the_logs_hold_a_secret_in_the_clear(
    site: Site, postgres: EmbeddedPostgres
) -> None:
    server = site.run()
    async with site.shop(server) as shop, superuser(postgres) as admin:
        services = shop.services
        wallet = await shop.customer()
        series = await shop.codes(wallet)
        pin = "739146"
        await vendors.add_cashier(services, shop.vendor, cashier="ada", name="Ada", role="cashier", pin=pin)
        till = await shop.terminal()
        await till.upload(till.open_shift(), *(till.pay(code, 100)[1] for code in series[:2]))
        await till.send(b"\x00" + till.access.encode())
        await shop.http.post("/api/devices/enrol", json={"token": "stolen-" + "x" * 40})
        proof_keys = [codes.derive(code.code, code.series, code.kdf).proof_key for code in series]
        secrets: list[bytes | str] = [code.code for code in series]
        secrets += proof_keys
        secrets += [services.keys.active.seed, pin, till.access, till.key.seed]
        for login in ("ada", "ada"):  # the second is taken, and does the same
            assert (await shop.http.post("/home/register", json=registration(login))).status_code == 200
        tokens = (await log_in(shop, "ada")).json()["data"]
        await log_in(shop, "ada", "another secret")
        newer = (await refresh(shop, tokens["refreshToken"])).json()["data"]
        secrets += [PASSWORD, "another secret"]
        secrets += [one[name] for one in (tokens, newer) for name in ("accessToken", "refreshToken")]
        key_file = (site.home / "kek").read_text().strip()
        secrets += [key_file, bytes.fromhex(key_file)]

        async def told() -> bool:
            return bool(await admin.fetchval("SELECT count(*) = 0 FROM outbox"))

        await eventually(told)
        found = 0
        tables = await admin.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for table in tables:
            for (row,) in await admin.fetch(f"SELECT t::text FROM {table['tablename']} AS t"):  # noqa: S608
                found += 1
                for secret in secrets:
                    assert not any(spelling in row.encode() for spelling in spellings(secret)), table["tablename"]
        assert found > 20

        # With the key they open: so they were there, and it was the key that kept them.
        key = load_key(site.home, None, services.random)
        row = await admin.fetchrow(
            "SELECT wrapped_proof_key, series, idx FROM code WHERE wallet = $1 AND idx = 0", wallet
        )
        assert row is not None
        assert key.unwrap_proof_key(row["wrapped_proof_key"], row["series"].bytes, 0) == proof_keys[0]
        other = KeyEncryptionKey(bytes(32), services.random)
        with pytest.raises(Exception, match="does not fit this server's key-encryption key"):
            await load_identity(admin, other, services.clock)
        with pytest.raises(Exception, match="does not fit this server's key-encryption key"):
            key.unwrap_proof_key(row["wrapped_proof_key"], row["series"].bytes, 1)
    assert server.stop() == 0
    for written in (site.log, postgres.log):
        text = written.read_bytes()
        assert all(spelling not in text for secret in secrets for spelling in spellings(secret)), written
    assert b'"to":"SUCCESSFUL"' in site.log.read_bytes(), "the log does say what happened"


def test_passwords_of_the_database_are_in_no_command_line_and_no_log(site: Site, postgres: EmbeddedPostgres) -> None:
    passwords = list((site.home / "postgres" / "credentials.json").read_text().split('"'))
    long_ones = [word for word in passwords if len(word) >= 24]
    assert len(long_ones) >= 3
    server = site.run()
    shown = subprocess.run(["ps", "-eww", "-o", "args"], capture_output=True, text=True, check=True).stdout
    environments = "".join(
        path.read_bytes().decode(errors="replace") for path in [Path(f"/proc/{server.process.pid}/environ")]
    )
    for text in (shown, environments, site.log.read_text(), postgres.log.read_text()):
        assert not any(word in text for word in long_ones)
    assert server.stop() == 0
