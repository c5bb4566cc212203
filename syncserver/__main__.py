"""`python -m syncserver`: the same as `tallystick server`."""

import sys

from shared.errors import TallystickError
from syncserver.commands.app import app


def main() -> int:
    """Run a command; its exit code."""
    try:
        return app(result_action="return_value") or 0
    except TallystickError as error:
        print(f"error: {error.message} [{error.code}]", file=sys.stderr)  # noqa: T201 - a command
        return 1


if __name__ == "__main__":
    sys.exit(main())
