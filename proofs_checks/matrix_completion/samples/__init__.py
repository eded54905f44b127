"""Random samples of entries: the matrices that they determine, and how far they stray."""
