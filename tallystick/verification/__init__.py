"""Checking signed objects and journals offline (docs/verify.md): bytes and trusted keys in, a report out, no I/O."""
