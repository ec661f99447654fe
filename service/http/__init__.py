"""What every request and response goes through, and what routes need of HTTP."""
