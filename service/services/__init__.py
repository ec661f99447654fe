"""What the routes do, apart from HTTP."""
