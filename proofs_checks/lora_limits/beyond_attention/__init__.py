"""Adapters beyond attention."""
