"""Measured accuracies of methods, and those of guesses."""
