"""Theorems on selections and votes of any size, with proofs that Coq checks."""
