"""Instances of the statements about compression: stacks of blocks, adapters, budgets and layers."""
