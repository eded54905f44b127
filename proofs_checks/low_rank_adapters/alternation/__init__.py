"""Alternating half-steps of both factors."""
