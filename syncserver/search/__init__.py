"""One box for everything: what a few typed characters may mean, found by indexes and bounded."""
