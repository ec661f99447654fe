"""`POST /train`, and what a training run leaves while it runs."""
