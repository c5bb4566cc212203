"""One screen, one file, its own actions."""
