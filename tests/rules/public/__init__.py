"""Rules about what is public: its types, and that something uses it."""
