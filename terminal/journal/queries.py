"""The journal's SQL, by name."""

from pathlib import Path

from terminal.store.statements import load_statements

SQL = load_statements(Path(__file__).with_name("journal.sql"))
