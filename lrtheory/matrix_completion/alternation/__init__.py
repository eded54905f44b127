"""The alternation between rows and columns: its start, its loop, the choice of rank and ridge, and what it answers."""
