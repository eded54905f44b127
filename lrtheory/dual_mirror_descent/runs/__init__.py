"""Runs: their options become the tables that they start from, and their state is saved and restored."""
