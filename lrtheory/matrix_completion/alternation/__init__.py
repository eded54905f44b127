"""The alternation between rows and columns: where it starts, what is fitted before, and what it returns."""
