"""What no allocation can exceed: weak duality, and the programs whose optimum is known."""
