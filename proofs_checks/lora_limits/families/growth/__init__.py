"""Instances that grow: ladders of lengths, heads of almost linear cost, and features that are needed."""
