"""One guess with batches, of which an epsilon part may be dead."""
