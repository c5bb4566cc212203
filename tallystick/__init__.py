"""The `tallystick` command: joins the terminal and the sync server, and checks what either of them signed."""
