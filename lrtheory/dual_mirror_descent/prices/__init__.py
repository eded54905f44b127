"""Compiled loops that serve requests one after the other and move the prices of the resources, and what they read."""
