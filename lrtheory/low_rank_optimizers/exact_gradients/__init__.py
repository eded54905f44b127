"""Estimates of an evolution strategy without sampling: over all patterns of factors, and in closed form on a sine."""
