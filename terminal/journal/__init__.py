"""The journal: what happened at this till, signed, chained and never changed."""
