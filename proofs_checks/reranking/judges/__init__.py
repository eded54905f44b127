"""Judges that answer by one hidden order: what is certain after how many calls."""
