"""Theorems on chains with any number of states, with proofs that Coq checks."""
