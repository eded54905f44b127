"""Proposals, bids and units of a single request."""
