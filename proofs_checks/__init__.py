"""The theorems of each system as statements, with their instances and with the wrong solvers that they refute."""
