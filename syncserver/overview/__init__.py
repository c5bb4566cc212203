"""What is going on: what needs a person, what came in, what can be lost. Reads all parts, and changes none."""
