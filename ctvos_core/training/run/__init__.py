"""A run: its configuration, its losses, its steps, and what it leaves in its folder."""
