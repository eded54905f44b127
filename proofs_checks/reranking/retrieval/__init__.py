"""Retrieval of the first documents without a look at all of them."""
