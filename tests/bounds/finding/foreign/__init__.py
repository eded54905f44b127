"""A collection of somebody else's whose statements break one rule each."""
