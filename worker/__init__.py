"""Celery workers: each process runs one job at a time, on one GPU or on the CPU."""
