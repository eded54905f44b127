"""The observed entries: from files and frames, their ids, their unit, and the regression of every line on them."""
