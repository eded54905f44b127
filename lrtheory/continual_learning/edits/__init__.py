"""Edits of a map all at once, of a matrix in the files of a model, and the ridge weight that an edit needs."""
