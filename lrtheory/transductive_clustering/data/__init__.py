"""Real points from files of installed packages, and sentences that were written for this package."""
