"""Instances: streams of updates on small objectives, laws of random structures, offline problems."""
