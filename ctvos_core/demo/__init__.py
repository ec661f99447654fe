"""A made clip with exact masks, for demonstration and tests."""
