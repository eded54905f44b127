"""Inner loops that several systems share: an exponential in vector registers, sums of tables, products of factors."""
