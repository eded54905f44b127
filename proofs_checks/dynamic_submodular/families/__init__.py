"""Instances that several rooms use."""
