"""The delivery log of a job's webhooks."""
