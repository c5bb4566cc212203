"""The terminal: a till that takes codes offline, keeps a signed journal, and syncs when there is a network."""
