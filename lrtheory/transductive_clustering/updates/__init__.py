"""The bound optimizer: graphs, checked inputs, updates, energies, certificates, and rounding to labels."""
