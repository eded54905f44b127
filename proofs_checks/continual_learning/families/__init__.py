"""Instances of the statements on continual learning."""
