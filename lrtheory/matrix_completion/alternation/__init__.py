"""The alternation between rows and columns: its start, what is fitted or held out before, and what it answers."""
