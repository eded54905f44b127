"""Wrong solvers, each of which a statement on low-rank and memory-efficient optimizers must catch."""
