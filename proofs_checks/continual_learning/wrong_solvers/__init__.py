"""Wrong solvers, each of which a statement on continual learning must catch."""
