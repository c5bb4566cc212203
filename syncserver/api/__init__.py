"""HTTP: what terminals and people's programs meet. Thin: it reads, calls what the program can do, and answers."""
