"""Random sketches by hashing, by Gaussian matrices, and by Hadamard transforms."""
