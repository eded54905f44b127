"""Figures and their runner; `test_every_figure` computes for minutes: `make figures` runs it, `make test` does not."""
