"""Judges that err, by chance at each answer or once for ever."""
