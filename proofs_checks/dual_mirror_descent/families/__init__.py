"""Families of instances: sequences of requests, laws of requests, and the published ones on which bounds are tight."""
