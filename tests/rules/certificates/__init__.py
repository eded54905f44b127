"""All certificates keep one protocol, and no forged one verifies."""
