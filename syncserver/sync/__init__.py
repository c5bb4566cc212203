"""Batches in, books out: what terminals exchange with the server."""
