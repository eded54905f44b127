"""Tests of compatible representations: gaps, searches, replacements, maps, migrations and training."""
