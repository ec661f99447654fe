"""`POST /segment` and corrections: from an upload to a queued job."""
