"""Protected subspaces against inputs written out."""
