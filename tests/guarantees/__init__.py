"""Tests of what the promises of libraries share: ready families of instances, and oracles by brute force."""
