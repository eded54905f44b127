"""Optimizers behind one step, with the bytes of their states."""
