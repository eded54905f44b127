"""One update after the other, with fixed prototypes."""
