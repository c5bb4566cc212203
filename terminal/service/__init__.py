"""What runs behind the screens: one thread that owns the till, one that syncs, one that watches the link."""
