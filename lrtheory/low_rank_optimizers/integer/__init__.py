"""Recurrent networks of integers alone, and the votes that train them."""
