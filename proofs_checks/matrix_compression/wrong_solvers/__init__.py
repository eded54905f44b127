"""Wrong variants of the solvers and of the formulas, which the checks must refute."""
