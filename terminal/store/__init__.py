"""Where a terminal keeps what must survive: the vault of its keys, and the encrypted database."""
