"""Maps of least cost, in any order, without an edit, and of a low rank."""
