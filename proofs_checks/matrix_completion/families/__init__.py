"""Instances: half-steps on small samples, regressions and sketches, laws of samples."""
