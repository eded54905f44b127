"""Clusters without labels: where they start, their prototypes, and the turns that both take."""
