"""Four forms of the information matrix of a recursion, with the same methods, and the algebra below them."""
