"""Makers and loaders of streams of requests: from laws, from applications, and from data sets."""
