"""A package within a package, whose module nobody imports."""
