"""`tallystick bench`: how fast it is, measured where anyone can measure it again."""
