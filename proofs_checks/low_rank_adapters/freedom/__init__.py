"""Free numbers of adapters, and the updates that they can make."""
