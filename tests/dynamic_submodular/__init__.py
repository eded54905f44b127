"""Dynamic submodular maximization against enumeration and recomputation from scratch."""
