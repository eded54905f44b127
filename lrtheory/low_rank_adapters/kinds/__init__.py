"""The kinds of adapters: for each one the update that it makes, and the gradient of a loss in its trained arrays."""
