"""Matrix completion against exact arithmetic, plain loops and what every baseline should find."""
