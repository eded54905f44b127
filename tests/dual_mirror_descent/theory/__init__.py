"""The formulas: their values, and the arguments that they refuse."""
