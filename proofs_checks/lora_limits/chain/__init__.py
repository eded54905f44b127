"""The exact gradient and its computation."""
