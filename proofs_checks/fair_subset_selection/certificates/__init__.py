"""Theorems on scores of any number of items, with proofs that Coq checks."""
