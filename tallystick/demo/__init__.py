"""A day in a shop: the real terminal and the real server, with a network cable that can be pulled."""
