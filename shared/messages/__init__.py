"""What travels between terminal and server (docs/protocol.md, sections 7 to 9)."""
