"""What a running server does without being asked."""
