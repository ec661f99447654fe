"""Losses and the views they are computed on, each a small module."""
