"""Statements about single runs: their paths, depletion, bids, and what a run reports."""
