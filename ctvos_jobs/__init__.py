"""What the service and the workers share: jobs, artifacts, queue, events, settings."""
