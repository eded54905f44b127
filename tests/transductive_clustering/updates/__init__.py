"""Updates of the bound optimizer against their definition, and rounding against all labels."""
