"""What stands between `tallystick terminal` and a first key: nothing that the first screen does without."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
# Slow to import or large, each for something that comes later: syncing, pictures, printers, migrations, tracebacks.
LATER = ("httpx", "joserfc", "terminal.sync", "PIL", "escpos", "segno", "anyascii", "sqlite_utils", "pygments")


def test_the_screens_load_no_network_no_pictures_and_no_other_command() -> None:
    code = (
        "import sys; sys.argv = ['tallystick', 'terminal'];"
        "import tallystick.commands, terminal.commands.app, terminal.commands.screens, terminal.ui.app;"
        "loaded = [m for m in sys.modules if m.startswith('terminal.commands.')];"
        f"print([m for m in {LATER!r} if m in sys.modules], sorted(loaded))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    commands = ["answers", "app", "exits", "screens"]
    assert done.stdout.strip() == f"[] {[f'terminal.commands.{name}' for name in commands]!r}"
