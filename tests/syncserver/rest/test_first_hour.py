"""The first hour of docs/api.md does what it says."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SECONDS = 300
PROGRAMS = ("bash", "curl", "python3")


@pytest.mark.skipif(any(shutil.which(name) is None for name in PROGRAMS), reason="it is run by bash, curl and python3")
def test_the_first_hour_can_be_typed(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    found = re.search(r"<!-- first hour: .*? -->\n```bash\n(.*?)```\n<!-- end of first hour -->", page, re.DOTALL)
    assert found is not None
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TALLYSTICK_")}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", found[1]],
        cwd=ROOT,
        env=environment | {"TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2_000:]
    lines = done.stdout.splitlines()
    assert [line for line in lines if line in {"approved", "paidIn", "60.00", "55.00", "SUCCESSFUL"}] == [
        "approved",
        "paidIn",
        "60.00",  # offline
        "60.00",  # held by five codes
        "SUCCESSFUL",
        "55.00",  # 120.00 - 9.90 - 60.00 + 4.90
    ]
