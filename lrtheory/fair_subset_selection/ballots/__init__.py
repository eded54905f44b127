"""Readers that turn ballots from arrays and files into tables of positions, and the compiled sums over these tables."""
