"""Tests of the kernels that move the prices, and of the costs and certificates that they read and write."""
