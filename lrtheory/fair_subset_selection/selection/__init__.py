"""How k items are chosen under quotas: greedily, for sums over items, and exactly."""
