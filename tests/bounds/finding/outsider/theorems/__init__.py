"""Theorems of somebody else: a package with a module beside a package."""
