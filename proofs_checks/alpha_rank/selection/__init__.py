"""Finite and infinite selection strength: mutants, potentials, sinks."""
