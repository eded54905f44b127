"""The exchange with a solver: read-only copies of instances, plain outcomes, changed kernels, and their encoding."""
