"""The terminal: a till that takes payments with no network and keeps them in a signed journal."""
