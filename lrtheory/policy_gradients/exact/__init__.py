"""Exact means over groups: closed forms, sums over all groups, and advantages of groups that were drawn."""
