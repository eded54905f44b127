"""Instances: small assignment problems, points to cluster, tasks with a few labels."""
