"""Wrong solvers, each of which a statement on low-rank adapters must catch."""
