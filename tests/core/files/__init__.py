"""Tests of files in, answers out: tables, arrays of models, and what a person sees of a result."""
