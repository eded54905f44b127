"""What importing a system brings with it, and what its kernels compile."""
