"""Optimizers of few columns of a basis."""
