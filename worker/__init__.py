"""Workers that run one job on one GPU."""
