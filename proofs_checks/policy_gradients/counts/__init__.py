"""Counts of right answers: groups without a signal, and pass@k with its limits."""
