"""Requests that an adversary chooses."""
