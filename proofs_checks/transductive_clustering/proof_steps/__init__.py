"""Pieces of the proofs."""
