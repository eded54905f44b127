"""Stacks of matrices side by side: read, drawn, sketched in one pass or a tree, bounded, and grown into clusters."""
