"""The sync's SQL, by name."""

from terminal.store.statements import load_statements

SQL = load_statements("terminal.sync", "sync.sql")
