"""The observed entries: from files and frames, with their ids and scale, and the regression of every line on them."""
