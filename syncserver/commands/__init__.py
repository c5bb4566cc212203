"""What admins type: `tallystick server …`."""
