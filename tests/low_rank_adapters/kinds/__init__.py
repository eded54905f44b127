"""Adapters of every kind, against updates written out entry by entry."""
