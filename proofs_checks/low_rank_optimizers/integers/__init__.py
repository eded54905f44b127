"""Training in integers."""
