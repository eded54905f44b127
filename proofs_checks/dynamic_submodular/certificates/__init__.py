"""Theorems on submodular functions of every size, with proofs that Coq checks."""
