"""Low-rank adapters as exact linear algebra: which updates they reach, how to start, train, convert and check them."""
