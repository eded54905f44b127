"""Dual mirror descent against exact programs and plain loops."""
