"""What the pages need of Sphinx beyond its own extensions: formulas, links of names, a line for each notebook."""
