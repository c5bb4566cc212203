"""The server's secrets: the key-encryption key outside the database, and what it wraps inside."""
