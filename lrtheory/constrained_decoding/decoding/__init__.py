"""Models, what they say along the edges of an index, and the searches that ask them."""
