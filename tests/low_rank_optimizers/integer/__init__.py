"""Votes and networks in integers against Python integers."""
