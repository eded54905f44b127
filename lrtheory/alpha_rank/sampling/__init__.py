"""Which profile is played next, and when the response graph or the ranking is known."""
