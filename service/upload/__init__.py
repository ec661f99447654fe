"""Uploads: forms received to disk, and their files moved into the store."""
