"""Updates that rest on rewards alone: their direction, size, finite steps, and what division by lengths does."""
