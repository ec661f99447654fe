"""Self-supervised training on unlabelled video and photos."""
