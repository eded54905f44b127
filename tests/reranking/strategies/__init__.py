"""Strategies, what is certain of an order, and the calls that check it."""
