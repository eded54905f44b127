"""Theorems on tables of accuracies of any number of tasks, with proofs that Coq checks."""
