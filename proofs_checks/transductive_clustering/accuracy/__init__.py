"""Measured accuracies."""
