"""Lists and searching, for admins."""
