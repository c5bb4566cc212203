"""Customers, their wallets and their codes."""
