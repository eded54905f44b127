"""Selected columns against all subsets, and the cosine basis against scipy."""
