"""The code book: what the server signed so that this terminal can decide with no network."""
