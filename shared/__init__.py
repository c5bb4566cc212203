"""The contract between a terminal, the sync server and anyone who checks them: pure, typed, without I/O."""
