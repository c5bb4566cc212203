"""The double-entry ledger: every movement of money is one balanced transfer, and nothing else moves it."""
