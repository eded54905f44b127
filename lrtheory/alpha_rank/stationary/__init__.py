"""Stationary laws of Markov chains: exact elimination, power iteration, and which method solves which chain."""
