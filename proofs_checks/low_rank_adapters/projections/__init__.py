"""Gradients that are projected onto the spans of factors."""
