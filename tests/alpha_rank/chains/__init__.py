"""Chains and response graphs against plain loops, linear systems and networkx."""
