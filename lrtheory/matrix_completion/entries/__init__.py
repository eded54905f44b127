"""The observed entries, their unit, and the regression of every line on them."""
