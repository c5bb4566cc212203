"""`python -m terminal`: the terminal's commands."""

from terminal.commands.app import main

main()
