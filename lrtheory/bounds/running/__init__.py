"""What a solver is given and what is taken from it: read-only copies, plain data, changed kernels."""
