"""Theorems on budgets of any number of values, with proofs that Coq checks."""
