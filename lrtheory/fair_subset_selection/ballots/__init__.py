"""Readers that turn ballots and names of items into arrays, and the compiled sums over tables of positions."""
