"""Uploaded files are looked at in child processes, which hostile bytes cannot leave."""
