"""Tests of the ready families of instances, of the oracles by brute force, and of the claims that rest on them."""
