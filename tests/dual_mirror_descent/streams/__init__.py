"""Tests of what streams come from: the data of other packages, files and frames."""
