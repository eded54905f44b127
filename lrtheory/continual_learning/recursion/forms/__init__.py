"""What a recursion keeps of its information matrix, in four forms with the same methods, and what they rest on."""
