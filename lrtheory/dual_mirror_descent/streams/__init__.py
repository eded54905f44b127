"""Streams of requests: made by laws, from applications, and from files."""
