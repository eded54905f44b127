"""The command line: names as people type them, the index, an algorithm of the caller's own, and how fast it answers."""
