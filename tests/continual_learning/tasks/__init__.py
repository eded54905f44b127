"""Tasks in turn, and their metrics."""
