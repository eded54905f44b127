"""The kernels that systems share, and how kernels inside kernels are compiled."""
