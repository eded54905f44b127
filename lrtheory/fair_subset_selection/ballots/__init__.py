"""Readers that turn ballots from arrays and files into tables of places, and the compiled sums over these tables."""
