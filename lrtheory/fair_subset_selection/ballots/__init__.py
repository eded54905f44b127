"""Ballots as tables of places, from arrays and files, and the compiled sums over them."""
