"""The flat arrays in which guesses of the optimum live, and the compiled loops that update them."""
