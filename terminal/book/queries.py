"""The book's SQL, by name."""

from terminal.store.statements import load_statements

SQL = load_statements("terminal.book", "book.sql")
