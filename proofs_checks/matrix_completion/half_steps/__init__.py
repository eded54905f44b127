"""One half-step: its error, the noise that drives it, its balance, short rows, and its cost."""
