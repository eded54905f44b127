"""The bound optimizer: updates of all assignments, their energy, what is certified, and rounding to labels."""
