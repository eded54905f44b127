"""Theorems on dual mirror descent for sequences of every length, with proofs that Coq checks."""
