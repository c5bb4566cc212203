"""The sync server: terminals' batches in, settled money and signed receipts out."""
