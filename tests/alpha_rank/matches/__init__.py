"""Logs of matches, from files to leaderboards."""
