"""How money comes in: through a source that can say why it did, never by a free "add"."""
