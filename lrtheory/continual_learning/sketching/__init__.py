"""Frequent Directions: the rows of a stream in few rows, with a certificate of what they miss."""
