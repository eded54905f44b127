"""Steps of every optimizer against plain loops, matrices that are written out, and torch."""
