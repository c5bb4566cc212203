"""Exactly once under pressure: a crowd of terminals, two servers, and somebody who keeps killing what they need.

Every module here is one part of it; `run.py` puts them together, for a test of the suite and for `scripts/pressure`.
"""
