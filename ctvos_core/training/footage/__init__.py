"""Footage: videos and photos found, decoded once into a cache, divided into scenes."""
