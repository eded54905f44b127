"""Half-steps of alternating minimization, and the loops over panels of rows that they consist of."""
