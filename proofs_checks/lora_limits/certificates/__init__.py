"""Theorems on ranks for any numbers of data and outputs, with proofs that Coq checks."""
