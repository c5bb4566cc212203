"""Vendors, their limits and cashiers, and the terminals that are enrolled for them."""
