"""Instances: small panels, biased panels, laws of rankings, and scores alone."""
