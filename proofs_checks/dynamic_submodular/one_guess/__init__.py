"""One guess with one sample for each level."""
