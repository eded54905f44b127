"""Estimates without sampling against plain loops and against sampling."""
