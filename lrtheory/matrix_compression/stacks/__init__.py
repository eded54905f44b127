"""Stacks of matrices side by side: how they are read, sketched, bounded, made and loaded."""
