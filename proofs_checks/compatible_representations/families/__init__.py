"""What two rooms of compatible representations use: finite laws on the vertices of a simplex, and laws of hits."""
