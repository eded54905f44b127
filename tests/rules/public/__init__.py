"""Rules about what is public: its types, its ranks, and that something uses it."""
