"""Files that are made to keep `tallystick verify` busy, or to fill the memory."""

import pytest

from tallystick.verification.check import check
from tallystick.verification.trust import Trust

MIB = 1024 * 1024


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"\xa1\x67records\x9a" + (20 * MIB).to_bytes(4) + b"\xa0" * (20 * MIB), id="crumbs"),
        pytest.param(b"6" * (20 * MIB), id="hex"),
        pytest.param(b"A" * (20 * MIB + 1), id="base64url"),
        pytest.param(b"TS1:" + b"A" * (20 * MIB), id="voucher"),
        pytest.param(b"\xa1" * (20 * MIB), id="nesting"),
    ],
)
def test_it_is_told_to_be_nothing(content: bytes) -> None:
    report = check(content, Trust())
    assert not report.ok
