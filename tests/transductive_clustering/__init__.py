"""Transductive clustering against definitions, enumeration and plain loops."""
