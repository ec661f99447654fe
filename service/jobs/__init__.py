"""Jobs: reading, cancelling, deleting and queueing them."""
