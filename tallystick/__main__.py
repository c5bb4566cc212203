"""`python -m tallystick` is the `tallystick` command."""

from tallystick.commands import main

if __name__ == "__main__":
    main()
