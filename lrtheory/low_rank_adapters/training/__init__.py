"""Starts of adapters, and their training step by step from gradients in the merged weight."""
