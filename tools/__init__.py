"""What keeps the project in order; no lesson needs it."""
