"""What counts of right answers tell: groups without a signal, and pass@k with its limits."""
