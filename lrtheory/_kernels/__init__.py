"""The compiled loops that several systems share: an exponential in vector registers, sums and products of tables."""
