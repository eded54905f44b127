"""Who can be first: tests of pairs, orders and boards."""
