"""How near the updates of an adapter come to a target: lower bounds, best trained arrays, certificates."""
