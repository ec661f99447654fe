"""Views: what is cut out of footage for a step of training, and what is done to it."""
