"""Optima in hindsight, and bounds on them."""
