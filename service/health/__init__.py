"""Whether the service works, and how much it takes."""
