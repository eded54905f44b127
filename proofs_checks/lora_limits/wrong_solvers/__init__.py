"""Wrong variants of the solver and of the formulas, which the checks must refute."""
