"""Logs of matches: tables of mean scores, intervals on them, and Elo ratings."""
