"""A network made fit for one video before that video is propagated."""
