"""People who use the server over the network: who they are, what they may do, and what they asked for once."""
