"""Languages, models over them, and what both say by their definitions: what two rooms use."""
