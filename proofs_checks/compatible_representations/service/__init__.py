"""What labelled queries say of a replacement: limits, tests, their power, and averages over many models."""
