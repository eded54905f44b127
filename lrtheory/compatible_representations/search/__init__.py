"""Rows of features and their labels, templates of classes, nearest neighbors, and the hits that follow."""
