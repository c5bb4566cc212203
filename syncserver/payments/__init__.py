"""Payments after they were judged: what they are, and what admins decide about the flagged ones."""
