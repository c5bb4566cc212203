"""What thieves, rogue tills and other attackers try against the server, at the level where they meet it."""
