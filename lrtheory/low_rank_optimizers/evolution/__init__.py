"""Evolution strategies whose perturbations have low rank, by questions and answers."""
