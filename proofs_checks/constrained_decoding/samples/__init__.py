"""Sampling under a mask: how far its law is from the model's own within the catalogue, and what mends it."""
