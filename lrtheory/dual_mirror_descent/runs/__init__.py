"""What a run starts from, and how it is stored and goes on."""
