"""Markov chains: trees, return times, elimination, perturbation."""
