"""Instances: chains and heads with adapters, tilted attention, polynomials, hard instances, linear targets."""
