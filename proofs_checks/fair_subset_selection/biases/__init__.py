"""Biases of single rankings: pairs that are exchanged, and utilities that are seen smaller."""
