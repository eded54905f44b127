"""Groups of documents that are judged together, and rewards for judging them."""
