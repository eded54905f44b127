"""A catalogue that changes: items switched on and off, and new ones."""
