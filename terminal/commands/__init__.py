"""The terminal's commands: each reads its words, asks the till, and answers in words and by its exit code."""
