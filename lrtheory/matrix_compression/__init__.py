"""Compressing stacks."""
